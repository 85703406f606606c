// Token counts for people. What a provider did not report is said to be unknown, never 0.

import type { TokenUsage } from '../../domain/journal/record.ts'

/** `1200 in, 85 out`. */
export const tokensText = ({ inputTokens, outputTokens }: TokenUsage): string =>
  inputTokens === undefined && outputTokens === undefined
    ? 'unknown'
    : `${inputTokens ?? '?'} in, ${outputTokens ?? '?'} out`
