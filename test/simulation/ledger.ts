// The witnesses: what reached the tool server and the model, told by them and by nobody else.

import type { SimulatedTool } from './scenario.ts'

export interface ToolLedgerEntry {
  readonly at: number
  readonly process: string
  readonly tool: SimulatedTool
  readonly arguments: Readonly<Record<string, unknown>>
  readonly key: string
  /** Whether the intent was durable in the journal when the call arrived (D4). */
  readonly announced: boolean
}

export interface ModelLedgerEntry {
  readonly at: number
  readonly process: string
  readonly run: string
  readonly step: string
  /** Answered turns that the request shows the model. */
  readonly turnsBefore: number
  readonly tokens: number
  /** Turns of the newest attempt that the journal had as answered when the request arrived. */
  readonly turnsAnswered: number
  /** Whether the caller was the newest owner of the task. */
  readonly owner: boolean
}
