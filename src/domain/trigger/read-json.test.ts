import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../template/value.ts'
import { readJson } from './read-json.ts'

const read = (body: string | Buffer, contentType = 'application/json') =>
  readJson({ body: Buffer.from(body), contentType })
const problemOf = (body: string | Buffer, contentType?: string): string => {
  const reading = read(body, contentType)
  return reading.type === 'unreadable' ? reading.message : 'it is an object'
}

describe('F83 a body', () => {
  test.each<readonly [body: string | Buffer, problem: string]>([
    ['{"alert":', 'the body is not JSON'],
    ['[{"alert":1}]', 'the body is a list, not an object'],
    ['"alert"', 'the body is "alert", not an object'],
    ['null', 'not an object'],
    [`${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'more than 100 levels deep'],
    [`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'more than 100 levels deep'],
    ['{"a":1,"b":{"a":2},"a":3}', 'the name "a" stands twice'],
    ['{"a":1,"\\u0061":3}', 'the name "a" stands twice'],
    [`{"a":${'9'.repeat(401)}}`, 'more than 400 digits'],
    ['{"a":1e999}', 'too large'],
    ['\uFEFF{}', 'byte order mark'],
    [Buffer.from('{"a":"x"}', 'utf16le'), 'the body is not JSON'],
    [Buffer.from([0xff, 0xfe, 0x7b, 0x00]), 'not UTF-8'],
    [Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22]), 'not UTF-8'],
  ])('%# is refused with the reason', (body, problem) => {
    expect(problemOf(body)).toContain(problem)
  })

  test.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    'that calls itself %s is not read',
    (contentType) => expect(problemOf('{}', contentType)).toContain('not JSON'),
  )

  test.each([
    '',
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/cloudevents+json',
    'text/plain',
  ])('that calls itself "%s" is read', (contentType) =>
    expect(read('{"a":1}', contentType)).toEqual({ type: 'object', object: { a: 1 } }),
  )

  test('that is empty is an object without members', () => {
    for (const body of ['', ' \n']) expect(read(body)).toEqual({ type: 'object', object: {} })
  })

  test('keeps integers that a double cannot hold', () => {
    expect(read('{"id":12345678901234567890}')).toEqual({
      type: 'object',
      object: { id: 12_345_678_901_234_567_890n },
    })
  })

  test('that is any object is read as templates read JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (object) => {
        const text = JSON.stringify(object)
        expect(read(text)).toEqual({ type: 'object', object: parseJson(text) })
      }),
    )
  })

  test('that is any bytes never throws, and takes one pass', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void read(Buffer.from(bytes))))
    for (const hostile of [
      '"\\'.repeat(120_000),
      '"'.repeat(250_001),
      '-'.repeat(250_000),
      '[{'.repeat(120_000),
    ])
      expect(read(hostile).type).toBe('unreadable')
  })
})
