import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aliasTable } from './tool-alias.ts'

test('an alias is readable where that is unambiguous', () => {
  const table = aliasTable([{ server: 'grafana', tool: 'query_logs' }])
  expect(table.aliasOf({ server: 'grafana', tool: 'query_logs' })).toBe('grafana__query_logs')
  expect(table.resolve('grafana__query_logs')).toEqual({ server: 'grafana', tool: 'query_logs' })
})

test('X10 F48 server a__b with tool c and server a with tool b__c stay two tools', () => {
  const names = [
    { server: 'a__b', tool: 'c' },
    { server: 'a', tool: 'b__c' },
  ]
  const table = aliasTable(names)
  const aliases = names.map((name) => table.aliasOf(name))
  expect(new Set(aliases).size).toBe(2)
  expect(aliases.map((alias) => table.resolve(alias ?? ''))).toEqual(names)
})

test('F25 only the exact alias resolves', () => {
  const table = aliasTable([{ server: 'slack', tool: 'post_message' }])
  for (const guess of [
    'slаck__post_message',
    'Slack__post_message',
    'slack__post_message ',
    'slack/post_message',
    'post_message',
    '',
  ]) {
    expect(table.resolve(guess)).toBeUndefined()
  }
})

const part = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '_', '/', '-', '.', ' ', 'é'), minLength: 1, maxLength: 6 }),
  fc.string({ minLength: 1, maxLength: 200 }),
)
const names = fc.array(fc.record({ server: part, tool: part }), { maxLength: 12 })

test('every tool has a legal alias of its own that leads back to it, in any order', () => {
  fc.assert(
    fc.property(names, (tools) => {
      const table = aliasTable(tools)
      const reversed = aliasTable(tools.toReversed())
      for (const name of tools) {
        const alias = table.aliasOf(name)
        expect(alias).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
        expect(table.resolve(alias ?? '')).toEqual(name)
        expect(reversed.aliasOf(name)).toBe(alias)
      }
    }),
  )
})
