// One piece of work for one agent: what the run engine submits, the queue keeps, and an agent leases.

import type { RunKey } from '../journal/record.ts'
import type { OutputRules } from './output-rules.ts'

export interface AgentKey {
  readonly namespace: string
  readonly name: string
}

export interface Task {
  /** Deterministic: `<run uid>/<step>/<attempt>`. Submitting it twice is a no-op. */
  readonly id: string
  readonly run: RunKey
  readonly step: string
  readonly attempt: number
  readonly agent: AgentKey
  /** The user message. Values from other steps and triggers are already delimited as data. */
  readonly prompt: string
  /** Run input, for argument constraints that bind to it (`fromInput`). */
  readonly input: Readonly<Record<string, string>>
  /** `server/tool` patterns that must have succeeded for the task to succeed. */
  readonly mustCall: readonly string[]
  readonly maxOutputBytes: number
  readonly outputRules?: OutputRules
  /** RFC 3339; the queue offers the task from here on (retry backoff). */
  readonly notBefore?: string
  /** An earlier attempt of the step: the owner goes on with its conversation instead of beginning one. */
  readonly continues?: number
  /** RFC 3339; the run's own deadline, after which nobody needs an answer. */
  readonly deadline?: string
  /** W3C trace context of the run. */
  readonly traceparent?: string
}

export const taskId = ({
  run,
  step,
  attempt,
}: {
  readonly run: string
  readonly step: string
  readonly attempt: number
}): string => `${run}/${step}/${attempt}`
