import { expect, test } from 'vitest'
import { KubeswarmError } from '../domain/error.ts'
import { fateOf } from './call-fate.ts'

const wrapped = (
  cause: unknown,
  code: 'ToolServerUnavailable' | 'ToolServerUnauthorized' | 'ToolServerProtocol' = 'ToolServerUnavailable',
) =>
  new KubeswarmError({
    code,
    message: 'cannot call "post_message"',
    cause: new Error('fetch failed', { cause }),
  })
const withField = (fields: object): Error => Object.assign(new Error('cause'), fields)

test.each([
  [wrapped(withField({ code: 'ECONNREFUSED' })), 'not-executed', 'nobody listened'],
  [
    wrapped(new AggregateError([withField({ code: 'ECONNREFUSED' }), withField({ code: 'ENETUNREACH' })])),
    'not-executed',
    'on no address',
  ],
  [
    wrapped(new AggregateError([withField({ code: 'ECONNREFUSED' }), withField({ code: 'ECONNRESET' })])),
    'unknown',
    'one of them was reached',
  ],
  [wrapped(withField({ code: 'ENOTFOUND' })), 'not-executed', 'no such host'],
  [wrapped(withField({ code: 'ECONNRESET' })), 'unknown', 'broken on the way'],
  [wrapped(withField({ status: 400 })), 'not-executed', 'turned away'],
  [wrapped(withField({ status: 408 })), 'unknown', 'timed out in the middle'],
  [wrapped(withField({ status: 502 })), 'unknown', 'a gateway lost it'],
  [
    wrapped(withField({ code: -32602 }), 'ToolServerProtocol'),
    'answered',
    'the server says the arguments are wrong',
  ],
  [wrapped(undefined, 'ToolServerUnauthorized'), 'not-executed', 'refused unread'],
  [new Error('anything'), 'unknown', 'nothing is known'],
])('P7 %# is %s: %s', (error, fate) => {
  expect(fateOf(error)).toBe(fate)
})
