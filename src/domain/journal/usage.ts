// Sums of token usage in which "not reported" stays different from zero.

import type { TokenUsage } from './record.ts'

type Field = keyof TokenUsage
const fields: readonly Field[] = ['inputTokens', 'outputTokens', 'thinkingTokens']

const combine = (
  a: TokenUsage,
  b: TokenUsage,
  operation: (left: number, right: number) => number,
): TokenUsage => {
  const result: { -readonly [F in Field]?: number } = {}
  for (const field of fields) {
    const left = a[field]
    const right = b[field]
    if (left === undefined && right === undefined) continue
    result[field] = operation(left ?? 0, right ?? 0)
  }
  return result
}

export const addUsage = (a: TokenUsage, b: TokenUsage): TokenUsage => combine(a, b, (x, y) => x + y)

/** Field by field the larger: two counts of the same work, of which one may be incomplete. */
export const largerUsage = (a: TokenUsage, b: TokenUsage): TokenUsage => combine(a, b, Math.max)

/** What counts against a limit. Thinking is part of the output the provider reports, so it is not added again. */
export const totalTokens = ({ inputTokens = 0, outputTokens = 0, thinkingTokens = 0 }: TokenUsage): number =>
  inputTokens + Math.max(outputTokens, thinkingTokens)
