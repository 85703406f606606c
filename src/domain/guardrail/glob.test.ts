import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesModel, matchesTool } from './glob.ts'

const tool = (name: string) => {
  const slash = name.indexOf('/')
  return { server: name.slice(0, slash), tool: name.slice(slash + 1) }
}

test.each([
  ['grafana/*', 'grafana/query_logs', true, 'a star is one segment'],
  ['grafana/query_logs', 'grafana/query_logs', true, 'literal'],
  ['*', 'anything/at_all', true, 'a lone star is everything'],
  ['*/delete_*', 'shop/delete_user', true, 'a star on both sides'],
  ['*/delete_*', 'shop/undelete_user', false, 'the prefix is anchored'],
  ['grafana/*', 'grafana2/query_logs', false, 'no prefix match of servers'],
  ['grafana/*', 'Grafana/query_logs', false, 'F25 case matters'],
  ['slack/*', 'slаck/post_message', false, 'F25 a look-alike is another letter'],
  ['slack/post_message', 'slack/post_message ', false, 'F25 a trailing space is another name'],
  ['shell/*', 'shell/run/as-root', true, 'a slash in a tool name opens no gap in a denial'],
  ['post_message', 'slack/post_message', false, 'a pattern without a server names no tool'],
  ['a/*b*c', 'a/xxbyyc', true, 'several stars'],
  ['a/*b*c', 'a/bc', true, 'a star may be empty'],
  ['a/*bb*b', 'a/bb', false, 'pieces do not overlap'],
  ['a/*ab*ba*', 'a/aba', false, 'pieces in the middle do not overlap'],
  ['a/ab*ba', 'a/aba', false, 'prefix and suffix do not overlap'],
])('%s on %s is %s: %s', (pattern, name, matches) => {
  expect(matchesTool(pattern, tool(name))).toBe(matches)
})

test.each([
  ['qwen*', 'qwen2.5:7b', true],
  ['qwen*', 'gpt-4o', false],
  ['*', 'hf.co/some/model', true],
  ['qwen*', 'qwen/qwen3', false],
  ['hf.co/*/qwen*', 'hf.co/unsloth/qwen3:4b', true],
  ['llama3', 'llama3.2', false],
])('model pattern %s on %s is %s', (pattern, model, matches) => {
  expect(matchesModel(pattern, model)).toBe(matches)
})

test('matching agrees with a regular expression on every pattern and text', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 })
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 })
  fc.assert(
    fc.property(letters, texts, (pattern, text) => {
      const source = pattern
        .split('*')
        .map((piece) => piece.replaceAll('.', '\\.'))
        .join('.*')
      expect(matchesTool(`s/${pattern}`, { server: 's', tool: text })).toBe(
        new RegExp(`^(?:${source})$`).test(text),
      )
    }),
    { numRuns: 2000 },
  )
})

test('F94 a hostile pattern is as fast as any other', () => {
  const pattern = `s/${'a*'.repeat(5000)}b`
  expect(matchesTool(pattern, { server: 's', tool: 'a'.repeat(100_000) })).toBe(false)
})
