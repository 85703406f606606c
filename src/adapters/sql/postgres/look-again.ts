// Everything that a process may have missed while it heard nothing, as the notices it would have got. Notices are
// hints, so rather too many.

import type { AgentKey } from '../../../domain/run/task.ts'
import type { RunKey } from '../../../domain/journal/record.ts'
import { statements } from '../statements.ts'
import { all, type Act } from '../verbs/act.ts'
import type { Notice } from './notice.ts'

/** The clocks of the processes need not agree to the second. */
const MARGIN_MS = 300_000

export function* lookAgain({ since }: { readonly since: number }): Act<readonly Notice[]> {
  const after = new Date(since - MARGIN_MS).toISOString()
  const runs = yield* all<RunKey>(statements.run.changedSince, after)
  const leased = yield* all<{ id: string; namespace: string; agent: string }>(statements.task.leased)
  const policies = yield* all<{ namespace: string; agent: string }>(statements.policy.agents)
  return [
    ...policies.map((row): Notice => ({ type: 'policy', agent: agentOf(row) })),
    ...leased.map((row): Notice => ({ type: 'task', id: row.id, agent: agentOf(row) })),
    ...runs.map((run): Notice => ({ type: 'journal', run })),
    { type: 'delivery' },
    { type: 'end' },
    { type: 'outbox' },
  ]
}

const agentOf = ({ namespace, agent }: { readonly namespace: string; readonly agent: string }): AgentKey => ({
  namespace,
  name: agent,
})
