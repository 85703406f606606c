// The journal's vocabulary: a closed union of everything that can happen in a run. Status, resume, audit, cost and
// timeline are folds over these records; nothing else remembers what happened. The written schema is docs/journal.md:
// adding a type or an optional field raises `journalVersion`; changing one is not allowed.

import type { RunSnapshot } from '../run/snapshot.ts'

/** Which run a record belongs to. The uid is the key; namespace and name are there for people. */
export interface RunKey {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/**
 * Text kept in the store by its hash. `head` is the whole text when `bytes` ≤ HEAD_BYTES, else its beginning, cut
 * on a character boundary.
 */
export interface StoredText {
  readonly sha256: string
  readonly bytes: number
  readonly head: string
}
export const HEAD_BYTES = 8192

/** Tokens as the provider reported them. A field the provider left out stays undefined; it is never 0 by default. */
export interface TokenUsage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly thinkingTokens?: number
}

/** What a tool call may do to the outside world. `write` is assumed when nothing better is declared. */
export type ToolEffect = 'read-only' | 'idempotent' | 'write'

/** Where in a run something happened. `attempt` grows on retry after a failure, never on take-over after a crash. */
export interface TaskPosition {
  readonly step: string
  readonly attempt: number
}
/** Of a run that was reopened: in which of its rounds this happened. Left out in the first. */
interface Round {
  readonly round?: number
}
interface Listing extends TaskPosition {
  readonly server: string
}
interface Turn extends TaskPosition {
  /** 1-based model turn inside the attempt. */
  readonly turn: number
}
interface Call extends Turn {
  /** 0-based index of the tool call inside the turn. */
  readonly call: number
  readonly server: string
  readonly tool: string
}

/** A call inside a step: attempt, turn and index name it in the run's journal. */
export type CallPlace = Omit<Call, 'step'>

/** What a person found out about a call whose outcome was unknown. */
export type ResolvedOutcome = 'done' | 'not-done'

export interface RequestedToolCall {
  readonly id: string
  /** The alias the model used; resolved to server and tool by the agent's own table. */
  readonly name: string
  readonly arguments: string
}

export type RecordBody =
  | { readonly type: 'run.started'; readonly snapshot: RunSnapshot; readonly snapshotHash: string }
  | (TaskPosition & {
      readonly type: 'step.submitted'
      readonly task: string
      readonly agent: string
      /** RFC 3339; set on a retry: the queue offers the task from here on. */
      readonly notBefore?: string
      /** The attempt whose conversation this one goes on with; left out: it starts from the beginning. */
      readonly continues?: number
    })
  | {
      readonly type: 'step.skipped'
      readonly step: string
      readonly reason: string
      readonly message: string
    }
  | (Round & {
      readonly type: 'step.failed'
      readonly step: string
      readonly reason: string
      readonly message: string
    })
  | (TaskPosition & {
      readonly type: 'task.leased'
      readonly task: string
      readonly fence: number
      readonly holder: string
    })
  | (Listing & {
      /** A tool server answered what it offers, and its answer was taken. */
      readonly type: 'tools.listed'
      readonly tools: number
      /** Of all definitions together; the same tools give the same digest. */
      readonly digest: string
      readonly durationMs: number
    })
  | (Listing & {
      /** The task goes on without that server, or fails for want of it. */
      readonly type: 'tools.unavailable'
      readonly code: string
      readonly message: string
      readonly durationMs: number
    })
  | (Turn & {
      readonly type: 'llm.requested'
      readonly model: string
      readonly provider: string
      readonly estimatedInputTokens: number
      readonly maxOutputTokens: number
    })
  | (Turn & {
      readonly type: 'llm.responded'
      readonly model: string
      readonly text: StoredText
      readonly toolCalls: readonly RequestedToolCall[]
      readonly usage: TokenUsage
      readonly finishReason: string
      readonly durationMs: number
    })
  | (Turn & {
      readonly type: 'llm.failed'
      readonly code: string
      readonly message: string
      readonly durationMs: number
    })
  | (Turn & { readonly type: 'llm.denied'; readonly rule: string; readonly message: string })
  | (Call & {
      readonly type: 'tool.intended'
      readonly arguments: unknown
      readonly effect: ToolEffect
      readonly idempotencyKey: string
    })
  | (Call & {
      readonly type: 'tool.returned'
      readonly isError: boolean
      readonly content: StoredText
      readonly durationMs: number
    })
  | (Call & {
      readonly type: 'tool.denied'
      readonly arguments: unknown
      readonly reason: string
      /** The rule that decided, as `Kind namespace/name field`. */
      readonly rule: string
      readonly message: string
    })
  | (Call & { readonly type: 'tool.outcome-unknown'; readonly message: string })
  | (Call & {
      /** A person has looked at the other side and says what became of the call. */
      readonly type: 'tool.resolved'
      readonly outcome: ResolvedOutcome
      /** Kubernetes user name. */
      readonly by: string
      /** What the call would have answered, as far as the person knows. */
      readonly result?: StoredText
    })
  | (TaskPosition & {
      readonly type: 'task.completed'
      readonly task: string
      readonly output: StoredText
      readonly usage: TokenUsage
      readonly turns: number
      readonly toolCalls: number
    })
  | (TaskPosition & {
      readonly type: 'task.failed'
      readonly task: string
      readonly code: string
      readonly message: string
      readonly remedy?: string
      readonly retryable: boolean
      readonly retryAfterMs?: number
      readonly usage: TokenUsage
    })
  | (TaskPosition & { readonly type: 'task.cancelled'; readonly task: string; readonly reason: string })
  | (Round & {
      /** The decision to end the run early. Nothing is submitted after it; work in flight is being cancelled. */
      readonly type: 'run.stopping'
      readonly phase: 'Failed' | 'Cancelled'
      readonly reason: string
      readonly message: string
    })
  | (Round & {
      readonly type: 'run.finished'
      readonly phase: 'Succeeded' | 'Failed' | 'Cancelled'
      readonly reason: string
      readonly message: string
      readonly output?: StoredText
    })
  | {
      /** A run that had ended with an unknown outcome goes on: the last of its unknown calls was resolved. */
      readonly type: 'run.reopened'
      /** 2 for the first time. */
      readonly round: number
      readonly by: string
    }

export type RecordType = RecordBody['type']

/** Raised with each type or field that is added. */
export const journalVersion = 3

/** The closed list of types, with the version that brought each. */
export const recordTypes: Readonly<Record<RecordType, number>> = {
  'run.started': 1,
  'step.submitted': 1,
  'step.skipped': 1,
  'step.failed': 1,
  'task.leased': 1,
  'tools.listed': 3,
  'tools.unavailable': 3,
  'llm.requested': 1,
  'llm.responded': 1,
  'llm.failed': 1,
  'llm.denied': 1,
  'tool.intended': 1,
  'tool.returned': 1,
  'tool.denied': 1,
  'tool.outcome-unknown': 1,
  'tool.resolved': 2,
  'task.completed': 1,
  'task.failed': 1,
  'task.cancelled': 1,
  'run.stopping': 1,
  'run.finished': 1,
  'run.reopened': 2,
}

/** A record as the store keeps it. `seq` is gap-free from 1 within the run; `hash` covers `previous` and the body. */
export type JournalRecord = RecordBody & {
  readonly run: string
  readonly seq: number
  readonly key: string
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string
  readonly previous: string
  readonly hash: string
}

/**
 * The deterministic key of a record: the same thing happening twice has the same key, and the store keeps the first.
 */
export const recordKey = (record: RecordBody): string => {
  switch (record.type) {
    case 'run.started':
      return record.type
    case 'run.stopping':
    case 'run.finished':
      return `${record.type}${roundOf(record)}`
    case 'run.reopened':
      return `${record.type}/${record.round}`
    case 'step.skipped':
      return `${record.type}/${record.step}`
    case 'step.failed':
      return `${record.type}/${record.step}${roundOf(record)}`
    case 'step.submitted':
    case 'task.completed':
    case 'task.failed':
    case 'task.cancelled':
      return `${record.type}/${record.step}/${record.attempt}`
    case 'task.leased':
      return `${record.type}/${record.step}/${record.attempt}/${record.fence}`
    // Listed again by the next owner: the same tools are the same record, others are another.
    case 'tools.listed':
      return `${record.type}/${record.step}/${record.attempt}/${record.server}/${record.digest}`
    case 'tools.unavailable':
      return `${record.type}/${record.step}/${record.attempt}/${record.server}`
    case 'llm.requested':
    case 'llm.responded':
    case 'llm.failed':
    case 'llm.denied':
      return `${record.type}/${record.step}/${record.attempt}/${record.turn}`
    case 'tool.intended':
    case 'tool.returned':
    case 'tool.denied':
    case 'tool.outcome-unknown':
    case 'tool.resolved':
      return `${record.type}/${record.step}/${record.attempt}/${record.turn}/${record.call}`
  }
}

const roundOf = ({ round }: Round): string => (round === undefined ? '' : `/${round}`)

/** Keys of the records after which nothing is submitted in that round of a run. */
export const endKeys = (round: number): readonly string[] => {
  const suffix = roundOf(round === 1 ? {} : { round })
  return [`run.stopping${suffix}`, `run.finished${suffix}`]
}
