// What a model's answer may be refused for, though it came: it is not an answer to what was asked, not from the model
// that was asked, or longer in the making than a policy allows.

import { judgeUsage, leastInputTokens } from '../domain/budget/estimate.ts'
import { describeRule } from '../domain/guardrail/decision.ts'
import type { EffectivePolicy, Limit } from '../domain/guardrail/effective-policy.ts'
import { modelDenied } from '../domain/guardrail/gate.ts'
import type { ModelTurn } from '../ports/language-model.ts'
import type { Logger } from '../ports/logger.ts'
import { type Failure, policyFailure } from './failure.ts'
import type { FittedRequest } from './fit-request.ts'

/** Undefined for an answer that can be used. */
export const judgeAnswer = ({
  turn,
  request,
  asked,
  policies,
  log,
}: {
  readonly turn: ModelTurn
  readonly request: FittedRequest
  readonly asked: { readonly modelName: string; readonly endpoint: string }
  readonly policies: readonly EffectivePolicy[]
  readonly log: Logger
}): Failure | undefined =>
  contextCut({ turn, request, asked }) ??
  otherModel({ turn, modelName: asked.modelName, policies, log }) ??
  thoughtTooLong({ turn, modelName: asked.modelName, policies })

const contextCut = ({
  turn,
  request,
  asked,
}: {
  readonly turn: ModelTurn
  readonly request: FittedRequest
  readonly asked: { readonly modelName: string; readonly endpoint: string }
}): Failure | undefined => {
  const verdict = judgeUsage({
    reported: turn.usage.inputTokens,
    estimated: request.estimated,
    least: leastInputTokens(request.messages),
  })
  if (verdict.type === 'plausible') return undefined
  return {
    code: 'ContextTruncated',
    message:
      `model "${asked.modelName}" at ${asked.endpoint} read ${verdict.reported} tokens of a prompt that has ` +
      `at least ${verdict.least}: its context window cut the beginning off`,
    remedy:
      'give the model a larger window (Ollama: OLLAMA_CONTEXT_LENGTH=16384 ollama serve) or shorter inputs',
    retryable: false,
  }
}

// Providers add versions to a model's name (`gpt-4o` answers as `gpt-4o-2024-08-06`); that is the model that was asked.
const otherModel = ({
  turn,
  modelName,
  policies,
  log,
}: {
  readonly turn: ModelTurn
  readonly modelName: string
  readonly policies: readonly EffectivePolicy[]
  readonly log: Logger
}): Failure | undefined => {
  if (turn.model === '' || turn.model === modelName) return undefined
  log.warn({ model: modelName, answeredBy: turn.model }, 'another model answered')
  for (const policy of policies) {
    const denied = modelDenied({ policy, model: turn.model })
    if (denied === undefined) continue
    if (denied.reason === 'ModelNotAllowed' && turn.model.startsWith(modelName)) continue
    return policyFailure(denied)
  }
  return undefined
}

/** The lowest of them. */
export const thinkingLimit = (policies: readonly EffectivePolicy[]): Limit | undefined =>
  policies
    .flatMap(({ limits }) => limits.thinkingTokensPerCall ?? [])
    .toSorted((a, b) => a.value - b.value)
    .at(0)

/** Where the provider takes no budget, what it reports is all there is: an answer beyond the limit is not used. */
const thoughtTooLong = ({
  turn,
  modelName,
  policies,
}: {
  readonly turn: ModelTurn
  readonly modelName: string
  readonly policies: readonly EffectivePolicy[]
}): Failure | undefined => {
  const limit = thinkingLimit(policies)
  const { thinkingTokens = 0 } = turn.usage
  if (limit === undefined || thinkingTokens <= limit.value) return undefined
  return {
    code: 'PolicyDenied',
    message: `model "${modelName}" thought ${thinkingTokens} tokens long, and ${describeRule(limit.source)} allows ${limit.value} in one call`,
    remedy: `raise ${describeRule(limit.source)}, or use a model that thinks less`,
    retryable: false,
  }
}
