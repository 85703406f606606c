// One turn of the model, and the only place that asks one: judged by the gate, its tokens reserved, its answer in the
// journal. Failed tries are journalled turns of their own and count like any other.

import type { ModelDecision } from '../domain/guardrail/decision.ts'
import { describeRule } from '../domain/guardrail/decision.ts'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import { decideModelCall, MIN_ANSWER_TOKENS } from '../domain/guardrail/gate.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import type { Clock } from '../ports/clock.ts'
import type { LanguageModel, ModelTool, ModelTurn } from '../ports/language-model.ts'
import type { Logger } from '../ports/logger.ts'
import type { Conversation } from './conversation.ts'
import { allCalls, withTurn, withTurnNumber } from './conversation.ts'
import type { Failure } from './failure.ts'
import { failureFrom, policyFailure } from './failure.ts'
import { fitRequest, type FittedRequest } from './fit-request.ts'
import { judgeAnswer, thinkingLimit } from './judge-answer.ts'
import type { ModelPacer } from './model-pacer.ts'
import { MODEL_TRIES } from './model-pacer.ts'
import { pause } from './pause.ts'
import type { PinnedTools } from './pin-tools.ts'
import type { TaskSession } from './task-session.ts'
import { throwIfStopped } from './task-session.ts'
import { exhaustedRule, tokensExhausted } from './tokens-exhausted.ts'
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
    const request = fitRequest({
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
      const failure = tokensExhausted(reservation, session.policy)
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
    const failure = judgeAnswer({
      turn,
      request,
      asked: { modelName, endpoint: model.endpoint },
      policies: session.policies,
      log,
    })
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
