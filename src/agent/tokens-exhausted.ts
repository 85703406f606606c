// What is said where the tokens of a day do not suffice for a call.

import { describeRule } from '../domain/guardrail/decision.ts'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { Reservation } from '../ports/spend-ledger.ts'
import type { Failure } from './failure.ts'

type Exhausted = Reservation & { readonly type: 'exhausted' }

export const tokensExhausted = (
  { scope, limit, spent, resetsAt }: Exhausted,
  policy: EffectivePolicy,
): Failure => ({
  code: 'DailyTokensExhausted',
  message:
    scope === 'agent'
      ? `agent ${policy.agent.name} has used ${spent} of its ${limit} tokens of the day; it resets at ${resetsAt}`
      : `namespace ${policy.agent.namespace} has used ${spent} of its ${limit} tokens of the day; it resets at ${resetsAt}`,
  remedy: `wait until ${resetsAt}, or raise ${exhaustedRule({ scope }, policy)}`,
  retryable: false,
})

export const exhaustedRule = ({ scope }: Pick<Exhausted, 'scope'>, { limits }: EffectivePolicy): string => {
  const limit = scope === 'agent' ? limits.dailyTokens : limits.namespaceDailyTokens
  return limit === undefined ? `the ${scope}'s daily tokens` : describeRule(limit.source)
}
