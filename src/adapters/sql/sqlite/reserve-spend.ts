// Reserves tokens of a day before a model call, or says which ceiling has no room for them.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { Reservation } from '../../../ports/spend-ledger.ts'
import { statements } from '../statements.ts'
import type { Database } from './database.ts'
import type { Transaction } from './write-queue.ts'

const DAY_MS = 86_400_000

/** The UTC day of a moment, as `2026-04-01`. */
export const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10)

/** The namespace's own row has no agent. */
const NAMESPACE_ROW = ''

interface SpendRequest {
  readonly key: string
  readonly agent: AgentKey
  readonly tokens: number
  readonly agentLimit?: number | undefined
  readonly namespaceLimit?: number | undefined
}

export const reserveSpend = (
  { database, now }: Transaction,
  { key, agent, tokens, agentLimit, namespaceLimit }: SpendRequest,
): Reservation => {
  if (database.get(statements.spend.reservation, key) !== undefined) return { type: 'reserved' }
  const day = dayOf(now)
  const spent = readSpend(database, { day, agent })
  const resetsAt = new Date(Math.floor(now / DAY_MS) * DAY_MS + DAY_MS).toISOString()
  if (agentLimit !== undefined && spent.agent + tokens > agentLimit) {
    return { type: 'exhausted', scope: 'agent', limit: agentLimit, spent: spent.agent, resetsAt }
  }
  if (namespaceLimit !== undefined && spent.namespace + tokens > namespaceLimit) {
    return { type: 'exhausted', scope: 'namespace', limit: namespaceLimit, spent: spent.namespace, resetsAt }
  }
  database.run(statements.spend.reserve, key, day, agent.namespace, agent.name, tokens)
  addSpend(database, { day, agent, tokens })
  return { type: 'reserved' }
}

export const readSpend = (
  database: Database,
  { day, agent }: { readonly day: string; readonly agent: AgentKey },
): { readonly agent: number; readonly namespace: number } => {
  const read = (name: string): number =>
    database.get<{ tokens: number }>(statements.spend.read, day, agent.namespace, name)?.tokens ?? 0
  return { agent: read(agent.name), namespace: read(NAMESPACE_ROW) }
}

export const addSpend = (
  database: Database,
  { day, agent, tokens }: { readonly day: string; readonly agent: AgentKey; readonly tokens: number },
): void => {
  database.run(statements.spend.add, day, agent.namespace, agent.name, tokens)
  database.run(statements.spend.add, day, agent.namespace, NAMESPACE_ROW, tokens)
}
