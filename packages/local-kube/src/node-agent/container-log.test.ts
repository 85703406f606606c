import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openContainerLog } from './container-log.ts'
import { parseLogOptions, type LogOptions } from './log-options.ts'
import { streamLog } from './stream-log.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const options = (query: string): LogOptions => {
  const parsed = parseLogOptions({ query: new URLSearchParams(query), now: Date.now() })
  if (parsed.type === 'invalid') throw new Error(parsed.message)
  return parsed.options
}

const read = (log: Parameters<typeof streamLog>[0]['log'], query: string): Promise<string> => {
  const output = new PassThrough()
  void streamLog({ log, options: options(query), output, signal: new AbortController().signal }).then(() =>
    output.end(),
  )
  return text(output)
}

describe('a container log', () => {
  it('keeps lines whole across chunks and characters whole across bytes, with the last line unterminated', async () => {
    const log = openContainerLog({ file: join(directory, '0.log') })
    const bytes = Buffer.from('first ünd\n\nsecond')
    const stdout = Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])
    await log.drain({ stdout, stderr: Readable.from([]) })
    await log.flushed()
    expect(await read(log, '')).toBe('first ünd\n\nsecond\n')
    await log.close()
  })

  it('follows without a gap and without a repeat while it is written', async () => {
    const log = openContainerLog({ file: join(directory, '0.log') })
    const append = (from: number, to: number): void => {
      for (let line = from; line < to; line += 1) log.append({ stream: 'stdout', text: String(line) })
    }
    append(0, 500)
    const reading = read(log, 'follow=true')
    append(500, 1000)
    await new Promise((resolve) => setImmediate(resolve))
    append(1000, 1500)
    await log.close()
    expect(await reading).toBe(Array.from({ length: 1500 }, (_, line) => `${line}\n`).join(''))
  })

  it('counts the tail among the lines that were there when the reader came; what comes later it gets in any case', async () => {
    const log = openContainerLog({ file: join(directory, '0.log') })
    for (const line of ['a', 'b']) log.append({ stream: 'stdout', text: line })
    const reading = read(log, 'follow=true&tailLines=1')
    for (const line of ['c', 'd']) log.append({ stream: 'stdout', text: line })
    await log.close()
    expect(await reading).toBe('b\nc\nd\n')
  })

  it('honours tailLines, limitBytes, timestamps, stream and sinceTime', async () => {
    const log = openContainerLog({ file: join(directory, '0.log') })
    for (const line of ['a', 'b', 'c']) log.append({ stream: line === 'b' ? 'stderr' : 'stdout', text: line })
    expect(await read(log, 'tailLines=2')).toBe('b\nc\n')
    expect(await read(log, 'tailLines=0')).toBe('')
    expect(await read(log, 'limitBytes=3')).toBe('a\nb')
    expect(await read(log, 'stream=Stderr')).toBe('b\n')
    expect(await read(log, 'timestamps=true&tailLines=1')).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z c\n$/)
    expect(await read(log, `sinceTime=${new Date(Date.now() + 60_000).toISOString()}`)).toBe('')
    expect(await read(log, 'sinceSeconds=60')).toBe('a\nb\nc\n')
    await log.close()
  })

  it('refuses options that are no numbers', () => {
    const parsed = parseLogOptions({ query: new URLSearchParams('tailLines=-1'), now: 0 })
    expect(parsed).toEqual({ type: 'invalid', message: 'tailLines: must be a natural number, got "-1"' })
  })

  it('rotates by size and still reads across the cut', async () => {
    const log = openContainerLog({ file: join(directory, '0.log') })
    const filler = 'x'.repeat(100_000)
    for (let line = 0; line < 120; line += 1) {
      log.append({ stream: 'stdout', text: `${line} ${filler}` })
      if (line % 10 === 0) await log.flushed()
    }
    const lines = (await read(log, 'tailLines=30'))
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[0]))
    expect(lines).toEqual(Array.from({ length: 30 }, (_, index) => 90 + index))
    await log.close()
  })
})
