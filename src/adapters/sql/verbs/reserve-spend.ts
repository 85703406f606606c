// Reserves tokens of a day before a model call, or says which ceiling has no room for them.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { Reservation } from '../../../ports/spend-ledger.ts'
import { statements } from '../statements.ts'
import { get, hold, run as write, type Act, type Moment } from './act.ts'

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

export function* reserveSpend(
  { now }: Moment,
  { key, agent, tokens, agentLimit, namespaceLimit }: SpendRequest,
): Act<Reservation> {
  const day = dayOf(now)
  // The rows to count on must exist before they can be held: the agent's own first, then the namespace's.
  yield* hold(statements.spend.hold, day, agent.namespace, agent.name)
  yield* hold(statements.spend.hold, day, agent.namespace, NAMESPACE_ROW)
  if ((yield* get(statements.spend.reservation, key)) !== undefined) return { type: 'reserved' }
  const spent = yield* readSpend({ day, agent })
  const resetsAt = new Date(Math.floor(now / DAY_MS) * DAY_MS + DAY_MS).toISOString()
  if (agentLimit !== undefined && spent.agent + tokens > agentLimit) {
    return { type: 'exhausted', scope: 'agent', limit: agentLimit, spent: spent.agent, resetsAt }
  }
  if (namespaceLimit !== undefined && spent.namespace + tokens > namespaceLimit) {
    return { type: 'exhausted', scope: 'namespace', limit: namespaceLimit, spent: spent.namespace, resetsAt }
  }
  yield* write(statements.spend.reserve, key, day, agent.namespace, agent.name, tokens)
  yield* addSpend({ day, agent, tokens })
  return { type: 'reserved' }
}

export function* readSpend({
  day,
  agent,
}: {
  readonly day: string
  readonly agent: AgentKey
}): Act<{ readonly agent: number; readonly namespace: number }> {
  const ofAgent = yield* get<{ tokens: number }>(statements.spend.read, day, agent.namespace, agent.name)
  const ofAll = yield* get<{ tokens: number }>(statements.spend.read, day, agent.namespace, NAMESPACE_ROW)
  return { agent: ofAgent?.tokens ?? 0, namespace: ofAll?.tokens ?? 0 }
}

export function* addSpend({
  day,
  agent,
  tokens,
}: {
  readonly day: string
  readonly agent: AgentKey
  readonly tokens: number
}): Act<void> {
  yield* write(statements.spend.add, day, agent.namespace, agent.name, tokens)
  yield* write(statements.spend.add, day, agent.namespace, NAMESPACE_ROW, tokens)
}
