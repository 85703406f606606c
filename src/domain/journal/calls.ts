// The calls of a run as its journal tells them: each announcement joined with what came of it, models and tools alike.

import type { JournalRecord, RecordBody, TokenUsage, ToolEffect } from './record.ts'

export type CallStatus = 'ok' | 'error' | 'denied' | 'unknown' | 'open'

interface CallCommon {
  /** Number of the record that announced or refused it. */
  readonly seq: number
  /** When it was announced or refused; RFC 3339. */
  readonly at: string
  readonly step: string
  readonly attempt: number
  readonly turn: number
  readonly status: CallStatus
  readonly durationMs?: number
  /** Rule of a refusal, as `Kind namespace/name field`. */
  readonly rule?: string
  /** Why it was refused, failed, or is unknown. */
  readonly message?: string
}

export interface ModelCall extends CallCommon {
  readonly kind: 'model'
  readonly model: string
  readonly usage?: TokenUsage
  readonly finishReason?: string
}

export interface ToolCall extends CallCommon {
  readonly kind: 'tool'
  readonly call: number
  readonly server: string
  readonly tool: string
  readonly arguments: unknown
  readonly effect?: ToolEffect
  readonly idempotencyKey?: string
  /** Of the stored result. */
  readonly resultBytes?: number
  /** Who said what became of it, where nobody knew. */
  readonly resolved?: { readonly outcome: string; readonly by: string; readonly at: string }
}

export type JournalCall = ModelCall | ToolCall

/** In the order of their announcement. `open`: announced, and nothing more is known yet. */
export const callsOf = (records: readonly JournalRecord[]): readonly JournalCall[] => {
  const calls = new Map<string, JournalCall>()
  for (const record of records) {
    if (!('turn' in record)) continue
    const key = placeOf(record)
    const next = joined(calls.get(key), record)
    if (next !== undefined) calls.set(key, next)
  }
  return [...calls.values()]
}

type CallRecord = Extract<JournalRecord, { readonly turn: number }>

const placeOf = (record: CallRecord): string =>
  `${record.step}/${record.attempt}/${record.turn}${'call' in record ? `/${record.call}` : ''}`

const joined = (before: JournalCall | undefined, record: CallRecord): JournalCall | undefined => {
  switch (record.type) {
    case 'llm.requested':
      return { ...commonOf(record), kind: 'model', model: record.model, status: 'open' }
    case 'llm.responded':
      return {
        ...(before ?? commonOf(record)),
        kind: 'model',
        model: record.model,
        status: 'ok',
        usage: record.usage,
        finishReason: record.finishReason,
        durationMs: record.durationMs,
      }
    case 'llm.failed':
      return before === undefined
        ? undefined
        : {
            ...before,
            status: 'error',
            message: `${record.code}: ${record.message}`,
            durationMs: record.durationMs,
          }
    case 'llm.denied':
      return {
        model: '',
        ...commonOf(record),
        kind: 'model',
        status: 'denied',
        rule: record.rule,
        message: record.message,
      }
    case 'tool.intended':
      return {
        ...toolOf(record),
        arguments: record.arguments,
        effect: record.effect,
        idempotencyKey: record.idempotencyKey,
        status: 'open',
      }
    case 'tool.denied':
      return {
        ...(before?.kind === 'tool' ? before : { ...toolOf(record), arguments: record.arguments }),
        status: 'denied',
        rule: record.rule,
        message: `${record.reason}: ${record.message}`,
      }
    case 'tool.returned':
      return before?.kind !== 'tool'
        ? undefined
        : {
            ...before,
            status: record.isError ? 'error' : 'ok',
            durationMs: record.durationMs,
            resultBytes: record.content.bytes,
          }
    case 'tool.outcome-unknown':
      return before?.kind !== 'tool' ? undefined : { ...before, status: 'unknown', message: record.message }
    case 'tool.resolved': {
      if (before?.kind !== 'tool') return undefined
      const { outcome, by, at } = record
      return { ...before, status: outcome === 'done' ? 'ok' : 'error', resolved: { outcome, by, at } }
    }
  }
}

const commonOf = ({ seq, at, step, attempt, turn }: CallRecord) => ({ seq, at, step, attempt, turn })

const toolOf = (
  record: JournalRecord & RecordBody & { readonly type: 'tool.intended' | 'tool.denied' },
): Omit<ToolCall, 'status' | 'arguments'> => ({
  ...commonOf(record),
  kind: 'tool',
  call: record.call,
  server: record.server,
  tool: record.tool,
})
