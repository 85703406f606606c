// Queue figures, folded from rows of (agent, state, count, oldest).

import type { AgentKey } from '../../../domain/run/task.ts'
import type { QueueDepth } from '../../../ports/task-queue.ts'
import { statements } from '../statements.ts'
import { all, type Act } from './act.ts'

interface DepthRow {
  readonly state: 'queued' | 'leased'
  readonly tasks: number
  readonly oldest: number
}

const depthOf = (rows: readonly DepthRow[], now: number): QueueDepth => {
  const queued = rows.find(({ state }) => state === 'queued')
  const leased = rows.find(({ state }) => state === 'leased')
  return {
    queued: queued?.tasks ?? 0,
    leased: leased?.tasks ?? 0,
    ...(queued === undefined ? {} : { oldestAgeMs: Math.max(0, now - queued.oldest) }),
  }
}

export function* queueDepth({
  agent,
  now,
}: {
  readonly agent: AgentKey
  readonly now: number
}): Act<QueueDepth> {
  return depthOf(yield* all<DepthRow>(statements.task.depth, agent.namespace, agent.name), now)
}

export function* queueDepths({
  now,
}: {
  readonly now: number
}): Act<readonly (QueueDepth & { readonly agent: AgentKey })[]> {
  const rows = yield* all<DepthRow & { readonly namespace: string; readonly agent: string }>(
    statements.task.depths,
  )
  const byAgent = Map.groupBy(rows, ({ namespace, agent }) => `${namespace}/${agent}`)
  return [...byAgent.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    return [{ agent: { namespace: first.namespace, name: first.agent }, ...depthOf(group, now) }]
  })
}
