import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { estimateInputTokens, judgeUsage, leastInputTokens, tokensOf } from './estimate.ts'

const prose = 'The primary server stopped answering and the connection pool was exhausted within seconds. '
const log =
  '{"timestamp":"2026-04-23T02:47:00Z","level":"error","message":"connection refused to postgres-primary:5432"}\n'

test('the upper estimate lies above the lower bound, for prose, logs and other scripts alike', () => {
  for (const text of [
    prose,
    log,
    '支払いサービスが応答しません。',
    'Ошибка соединения',
    '',
    '{}',
    '12345678901234567890',
  ]) {
    const content = text.repeat(40)
    expect(leastInputTokens([{ content }])).toBeLessThanOrEqual(
      estimateInputTokens({ messages: [{ content }], tools: [] }),
    )
  }
})

test('words and digits are counted alike in ASCII and in any other text', () => {
  const ascii = string({ unit: 'grapheme-ascii', maxLength: 60 })
  assert(
    property(ascii, (text) => {
      const [alone, withOther] = [text, `${text} é`].map((content) => leastInputTokens([{ content }]))
      expect(withOther).toBe((alone ?? 0) + 1)
    }),
  )
})

test('tools and tool calls count', () => {
  const bare = estimateInputTokens({ messages: [{ content: 'x' }], tools: [] })
  const tool = { name: 'grafana__query_logs', description: 'Query logs', inputSchema: { type: 'object' } }
  expect(estimateInputTokens({ messages: [{ content: 'x' }], tools: [tool] })).toBeGreaterThan(bare)
  const calls = [{ name: 'grafana__query_logs', arguments: '{"query":"error"}' }]
  expect(estimateInputTokens({ messages: [{ content: 'x', toolCalls: calls }], tools: [] })).toBeGreaterThan(
    bare,
  )
})

test('F29 a missing, zero or negative usage is charged as estimated', () => {
  for (const reported of [undefined, 0, -5, Number.NaN]) {
    expect(judgeUsage({ reported, estimated: 700, least: 400 })).toEqual({ type: 'plausible', charged: 700 })
  }
})

test('F29 a window of 4096 tokens that cut a longer prompt is noticed', () => {
  const messages = [{ content: log.repeat(400) }]
  const verdict = judgeUsage({
    reported: 4096,
    estimated: tokensOf(log) * 400,
    least: leastInputTokens(messages),
  })
  expect(verdict.type).toBe('context-truncated')
})

test('F29 an honest count is not mistaken for a cut prompt', () => {
  const messages = [{ content: prose.repeat(200) }]
  // 15 tokens a sentence is what common tokenizers make of it.
  const verdict = judgeUsage({ reported: 200 * 15, estimated: 6000, least: leastInputTokens(messages) })
  expect(verdict).toEqual({ type: 'plausible', charged: 3000 })
})
