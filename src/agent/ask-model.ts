// One turn of the model, and the only place that asks one: judged by the gate, its tokens reserved, its answer in the
// journal. Failed tries are journalled turns of their own and count like any other.

import { estimateInputTokens, judgeUsage, leastInputTokens } from '../domain/budget/estimate.ts'
import type { Denied, ModelDecision } from '../domain/guardrail/decision.ts'
import { describeRule } from '../domain/guardrail/decision.ts'
import type { EffectivePolicy, Limit } from '../domain/guardrail/effective-policy.ts'
import { decideModelCall, MIN_ANSWER_TOKENS, modelDenied } from '../domain/guardrail/gate.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelMessage, ModelTool, ModelTurn } from '../ports/language-model.ts'
import type { Logger } from '../ports/logger.ts'
import type { Reservation } from '../ports/spend-ledger.ts'
import type { Conversation } from './conversation.ts'
import { allCalls, messagesOf, withTurn, withTurnNumber } from './conversation.ts'
import type { Failure } from './failure.ts'
import { failureFrom } from './failure.ts'
import type { ModelPacer } from './model-pacer.ts'
import { MODEL_TRIES } from './model-pacer.ts'
import { pause } from './pause.ts'
import type { PinnedTools } from './pin-tools.ts'
import type { TaskSession } from './task-session.ts'
import { throwIfStopped } from './task-session.ts'
import { SHOWN_RESULT_BYTES } from './tool-text.ts'
import { understoodTurn } from './understood-turn.ts'

export interface AskOutcome {
  readonly conversation: Conversation
  readonly failure?: Failure
}

export interface ModelAccess {
  readonly model: LanguageModel
  readonly modelName: string
  readonly systemPrompt: string
  readonly temperature?: number
  readonly pacer: ModelPacer
}

export const askModel = async ({
  conversation: before,
  note,
  position,
  tools,
  access,
  session,
  clock,
  log,
}: {
  readonly conversation: Conversation
  readonly note?: string
  readonly position: { readonly step: string; readonly attempt: number }
  readonly tools: PinnedTools
  readonly access: ModelAccess
  readonly session: TaskSession
  readonly clock: Clock
  readonly log: Logger
}): Promise<AskOutcome> => {
  const { model, modelName, systemPrompt, pacer } = access
  let conversation = before
  for (let tries = 1; ; tries++) {
    await pacer.ready(session.signal)
    throwIfStopped(session)
    const number = conversation.lastTurn + 1
    const where = { ...position, turn: number }
    conversation = withTurnNumber(conversation, number)
    const offered = tools.offered(session.policy)
    const request = fitted({
      conversation,
      system: systemPrompt,
      tools: offered,
      policies: session.policies,
      ...(note === undefined ? {} : { note }),
    })
    const decision = decide({ policies: session.policies, model: modelName, estimated: request.estimated })
    if (decision.type === 'denied') {
      await session.append([
        { type: 'llm.denied', ...where, rule: describeRule(decision.rule), message: decision.message },
      ])
      return { conversation, failure: policyFailure(decision) }
    }
    const reservation = await session.reserve({
      type: 'llm.requested',
      ...where,
      model: modelName,
      provider: model.provider,
      estimatedInputTokens: request.estimated,
      maxOutputTokens: decision.maxOutputTokens,
    })
    if (reservation.type === 'exhausted') {
      const failure = exhausted(reservation, session.policy)
      await session.append([
        {
          type: 'llm.denied',
          ...where,
          rule: exhaustedRule(reservation, session.policy),
          message: failure.message,
        },
      ])
      return { conversation, failure }
    }
    await session.owned()
    const started = clock.monotonic()
    const answer = await generate({
      access,
      request,
      tools: offered,
      maxOutputTokens: decision.maxOutputTokens,
      maxThinkingTokens: thinkingLimit(session.policies)?.value,
      session,
    })
    const durationMs = Math.round(clock.monotonic() - started)
    const fields = { turn: number, model: modelName, endpoint: model.endpoint, durationMs }

    if (answer.type === 'failed') {
      await recordInterruption({ session, where, durationMs })
      throwIfStopped(session)
      const { failure } = answer
      log.warn({ ...fields, code: failure.code, error: failure.message, tries }, 'model call failed')
      await session.append([
        { type: 'llm.failed', ...where, code: failure.code, message: failure.message, durationMs },
      ])
      if (!failure.retryable || tries >= MODEL_TRIES) return { conversation, failure }
      const ms = pacer.delayAfter({
        tries,
        ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
      })
      if (ms > session.remainingMs) return { conversation, failure }
      await pause({ clock, ms, signal: session.signal })
      continue
    }

    const turn = understoodTurn({
      turn: answer.turn,
      number,
      takenIds: allCalls(conversation).map(({ id }) => id),
      isAlias: (name) => tools.find(name) !== undefined,
    })
    log.info(
      { ...fields, finishReason: turn.finishReason, toolCalls: turn.toolCalls.length, usage: turn.usage },
      'model answered',
    )
    // Durable with the announcement of its first call at the latest, or together with the end.
    session.ride(
      [
        {
          type: 'llm.responded',
          ...where,
          model: turn.model,
          text: storeText(turn.text),
          toolCalls: turn.toolCalls,
          usage: turn.usage,
          finishReason: turn.finishReason,
          durationMs,
        },
      ],
      [turn.text],
    )
    conversation = withTurn(
      conversation,
      {
        number,
        text: turn.text,
        finishReason: turn.finishReason,
        calls: turn.toolCalls.map(({ id, name, arguments: text }) => ({
          id,
          alias: name,
          arguments: text,
          state: { type: 'requested' },
        })),
        ...(note === undefined ? {} : { note }),
      },
      turn.usage,
    )
    const failure =
      contextCut({ turn, request, access }) ??
      otherModel({ turn, modelName, policies: session.policies, log }) ??
      thoughtTooLong({ turn, modelName, policies: session.policies })
    return failure === undefined ? { conversation } : { conversation, failure }
  }
}

// A call cut short by a cancellation or a timeout was still a call; a new owner of the task tells its own story.
const recordInterruption = async ({
  session,
  where,
  durationMs,
}: {
  readonly session: TaskSession
  readonly where: { readonly step: string; readonly attempt: number; readonly turn: number }
  readonly durationMs: number
}): Promise<void> => {
  const stop = session.stopReason
  if (stop?.type !== 'cancelled' && stop?.type !== 'timeout') return
  const code = stop.type === 'cancelled' ? 'TaskCancelled' : 'TaskTimeout'
  const message = stop.type === 'cancelled' ? `interrupted: ${stop.reason}` : `interrupted: ${stop.message}`
  await session.append([{ type: 'llm.failed', ...where, code, message, durationMs }])
}

interface FittedRequest {
  readonly messages: readonly ModelMessage[]
  readonly estimated: number
}

// A long tool result is shown shorter before a call is refused for its size: head and tail usually tell enough.
const SHOWN_STEPS = [SHOWN_RESULT_BYTES, 8192, 4096, 2048, 1024]
const ROOM_FOR_AN_ANSWER = 512

const fitted = ({
  conversation,
  system,
  tools,
  policies,
  note,
}: {
  readonly conversation: Conversation
  readonly system: string
  readonly tools: readonly ModelTool[]
  readonly policies: readonly EffectivePolicy[]
  readonly note?: string
}): FittedRequest => {
  const room = Math.min(...policies.map(({ limits }) => limits.tokensPerCall.value)) - ROOM_FOR_AN_ANSWER
  let request: FittedRequest = { messages: [], estimated: Infinity }
  for (const resultBytes of SHOWN_STEPS) {
    const messages = messagesOf({
      system,
      conversation,
      resultBytes,
      ...(note === undefined ? {} : { note }),
    })
    const estimated = estimateInputTokens({ messages, tools })
    if (estimated === request.estimated) continue
    request = { messages, estimated }
    if (estimated <= room) break
  }
  return request
}

const decide = ({
  policies,
  model,
  estimated,
}: {
  readonly policies: readonly EffectivePolicy[]
  readonly model: string
  readonly estimated: number
}): ModelDecision => {
  let maxOutputTokens = Infinity
  for (const policy of policies) {
    const decision = decideModelCall({ policy, model, estimatedInputTokens: estimated })
    if (decision.type === 'denied') return decision
    maxOutputTokens = Math.min(maxOutputTokens, decision.maxOutputTokens)
  }
  return { type: 'allowed', maxOutputTokens: Math.max(MIN_ANSWER_TOKENS, Math.floor(maxOutputTokens)) }
}

const generate = async ({
  access: { model, modelName, temperature },
  request,
  tools,
  maxOutputTokens,
  maxThinkingTokens,
  session,
}: {
  readonly access: ModelAccess
  readonly request: FittedRequest
  readonly tools: readonly ModelTool[]
  readonly maxOutputTokens: number
  readonly maxThinkingTokens: number | undefined
  readonly session: TaskSession
}): Promise<
  | { readonly type: 'answered'; readonly turn: ModelTurn }
  | { readonly type: 'failed'; readonly failure: Failure }
> => {
  try {
    const turn = await model.generate({
      model: modelName,
      messages: request.messages,
      tools,
      maxOutputTokens,
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxThinkingTokens === undefined ? {} : { maxThinkingTokens }),
      signal: session.signal,
    })
    return { type: 'answered', turn }
  } catch (error) {
    return { type: 'failed', failure: failureFrom(error, `ask model "${modelName}" at ${model.endpoint}`) }
  }
}

const contextCut = ({
  turn,
  request,
  access,
}: {
  readonly turn: ModelTurn
  readonly request: FittedRequest
  readonly access: ModelAccess
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
      `model "${access.modelName}" at ${access.model.endpoint} read ${verdict.reported} tokens of a prompt that has ` +
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

const thinkingLimit = (policies: readonly EffectivePolicy[]): Limit | undefined =>
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

export const policyFailure = ({ message, remedy }: Denied): Failure => ({
  code: 'PolicyDenied',
  message,
  ...(remedy === undefined ? {} : { remedy }),
  retryable: false,
})

type Exhausted = Reservation & { readonly type: 'exhausted' }

const exhausted = ({ scope, limit, spent, resetsAt }: Exhausted, policy: EffectivePolicy): Failure => ({
  code: 'DailyTokensExhausted',
  message:
    scope === 'agent'
      ? `agent ${policy.agent.name} has used ${spent} of its ${limit} tokens of the day; it resets at ${resetsAt}`
      : `namespace ${policy.agent.namespace} has used ${spent} of its ${limit} tokens of the day; it resets at ${resetsAt}`,
  remedy: `wait until ${resetsAt}, or raise ${exhaustedRule({ scope }, policy)}`,
  retryable: false,
})

const exhaustedRule = ({ scope }: Pick<Exhausted, 'scope'>, { limits }: EffectivePolicy): string => {
  const limit = scope === 'agent' ? limits.dailyTokens : limits.namespaceDailyTokens
  return limit === undefined ? `the ${scope}'s daily tokens` : describeRule(limit.source)
}
