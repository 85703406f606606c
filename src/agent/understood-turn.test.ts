import { expect, test } from 'vitest'
import { says } from './testing/stage.ts'
import { understoodTurn } from './understood-turn.ts'

const idsOf = (ids: readonly string[], { number = 1, takenIds = [] as readonly string[] } = {}) =>
  understoodTurn({
    turn: says('', { toolCalls: ids.map((id) => ({ id, name: 'grafana__query_logs', arguments: '{}' })) }),
    number,
    takenIds,
    isAlias: () => false,
  }).toolCalls.map(({ id }) => id)

test.each([
  { reason: 'ids of its own stay', ids: ['a', 'b'], result: ['a', 'b'] },
  { reason: 'missing', ids: ['', 'b'], result: ['call-1-0', 'b'] },
  { reason: 'twice in the turn', ids: ['a', 'a'], result: ['a', 'call-1-1'] },
  { reason: 'endless', ids: ['x'.repeat(1000)], result: ['call-1-0'] },
])('each call of a turn has one id: $reason', ({ ids, result }) => {
  expect(idsOf(ids)).toEqual(result)
})

test('an id that a turn before has used is not used again', () => {
  expect(idsOf(['a', 'b'], { number: 2, takenIds: ['a'] })).toEqual(['call-2-0', 'b'])
  expect(idsOf(['a', ''], { number: 2, takenIds: ['a', 'call-2-0', 'call-2-1'] })).toEqual([
    'call-2-0-',
    'call-2-1-',
  ])
})

test('a call written as text has an id as well', () => {
  const text = '{"name":"grafana__query_logs","arguments":{"query":"error"}}'
  const { toolCalls } = understoodTurn({
    turn: says(text),
    number: 3,
    takenIds: ['call-3-0'],
    isAlias: (name) => name === 'grafana__query_logs',
  })
  expect(toolCalls).toHaveLength(1)
  expect(new Set([...toolCalls.map(({ id }) => id), 'call-3-0']).size).toBe(2)
})
