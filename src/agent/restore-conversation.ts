// The conversation of an attempt, read back from the journal records an earlier owner left behind. Finished model
// turns and tool calls come back as they were and are not repeated.

import type { JournalRecord, StoredText } from '../domain/journal/record.ts'
import { isWhole } from '../domain/journal/stored-text.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { DenialReason } from '../domain/guardrail/decision.ts'
import type { CallState, Conversation } from './conversation.ts'
import { newConversation, withCall, withTurn, withTurnNumber } from './conversation.ts'
import type { NextAction } from './next-action.ts'

export const restoreConversation = async ({
  prompt,
  history,
  content,
  decide,
}: {
  readonly prompt: string
  readonly history: readonly JournalRecord[]
  readonly content: (sha256: string) => Promise<string | undefined>
  /** What the loop did between two turns follows from the turns: the same decision gives the same note. */
  readonly decide: (conversation: Conversation) => NextAction
}): Promise<Conversation> => {
  const textOf = async (text: StoredText): Promise<string> => {
    if (isWhole(text)) return text.head
    const whole = await content(text.sha256)
    if (whole !== undefined) return whole
    throw new KubeswarmError({
      code: 'NotFound',
      message: `cannot resume the task: the store does not hold the text ${text.sha256} of its journal`,
    })
  }
  let conversation = newConversation(prompt)
  for (const record of history) {
    switch (record.type) {
      case 'llm.requested':
      case 'llm.failed':
      case 'llm.denied':
        conversation = withTurnNumber(conversation, record.turn)
        break
      case 'llm.responded': {
        const action = decide(conversation)
        const note = action.type === 'ask' ? action.note : undefined
        const turn = {
          number: record.turn,
          text: await textOf(record.text),
          finishReason: record.finishReason,
          calls: record.toolCalls.map(({ id, name, arguments: text }) => ({
            id,
            alias: name,
            arguments: text,
            state: { type: 'requested' } as const,
          })),
          ...(note === undefined ? {} : { note }),
        }
        conversation = withTurn(conversation, turn, record.usage)
        break
      }
      case 'tool.intended':
      case 'tool.returned':
      case 'tool.denied':
      case 'tool.outcome-unknown':
      case 'tool.resolved':
        conversation = withCall(conversation, record, {
          tool: { server: record.server, tool: record.tool },
          state: await stateFrom({ record, conversation, textOf }),
        })
        break
      case 'run.started':
      case 'run.stopping':
      case 'run.finished':
      case 'run.reopened':
      case 'step.submitted':
      case 'step.skipped':
      case 'step.failed':
      case 'task.leased':
      case 'tools.listed':
      case 'tools.unavailable':
      case 'task.completed':
      case 'task.failed':
      case 'task.cancelled':
        break
    }
  }
  return conversation
}

const CONFIRMED =
  'The connection broke before the result arrived. A person has checked and confirms that this call took effect; do not repeat it.'

type ToolRecord = Extract<JournalRecord, { readonly type: `tool.${string}` }>

const stateFrom = async ({
  record,
  conversation,
  textOf,
}: {
  readonly record: ToolRecord
  readonly conversation: Conversation
  readonly textOf: (text: StoredText) => Promise<string>
}): Promise<CallState> => {
  switch (record.type) {
    case 'tool.intended':
      return { type: 'intended', effect: record.effect, idempotencyKey: record.idempotencyKey }
    case 'tool.returned': {
      const before = conversation.turns.find(({ number }) => number === record.turn)?.calls[record.call]
        ?.state
      const effect = before?.type === 'intended' ? before.effect : 'write'
      return { type: 'returned', effect, text: await textOf(record.content), isError: record.isError }
    }
    case 'tool.denied':
      return { type: 'denied', reason: record.reason as DenialReason, message: record.message }
    case 'tool.outcome-unknown':
      return { type: 'outcome-unknown', message: record.message }
    case 'tool.resolved': {
      // As if it had never been made: the loop makes it now.
      if (record.outcome === 'not-done') return { type: 'requested' }
      const answer = record.result === undefined ? '' : ` Its result: ${await textOf(record.result)}`
      const text = `${CONFIRMED}${answer}`
      return { type: 'returned', effect: 'write', text, isError: false }
    }
  }
}
