// The policy book, read from the database each time: a policy that another process has tightened must hold at the
// next call, also while this process hears of nothing.

import type { EffectivePolicy } from '../../../domain/guardrail/effective-policy.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import type { PolicyBook } from '../../../ports/policy-book.ts'
import type { Notices } from '../notices.ts'
import { statements } from '../statements.ts'
import { all, get, type Act } from '../verbs/act.ts'
import type { Transaction, Transactions } from './transactions.ts'

export const createPolicyTable = ({
  transactions: { read, write },
  changed,
}: {
  readonly transactions: Transactions
  readonly changed: Notices<AgentKey>
}): PolicyBook => ({
  put: (policy) =>
    write(function* (transaction) {
      const { agent, revision } = policy
      const text = JSON.stringify(policy)
      const { putChanged } = statements.policy
      const written = yield* get(putChanged, agent.namespace, agent.name, revision, text)
      if (written !== undefined) yield* tell(transaction, agent)
      return written !== undefined
    }),
  get: (agent) =>
    read(function* () {
      const row = yield* get<{ policy: string }>(statements.policy.read, agent.namespace, agent.name)
      return row === undefined ? undefined : (JSON.parse(row.policy) as EffectivePolicy)
    }),
  remove: (agent) =>
    write(function* (transaction) {
      const removed = yield* get(statements.policy.remove, agent.namespace, agent.name)
      if (removed !== undefined) yield* tell(transaction, agent)
    }),
  subscribe: changed.subscribe,
})

/** Those who watch policies, and those who hold a task of the agent. */
function* tell({ publish }: Transaction, agent: AgentKey): Act<void> {
  publish({ type: 'policy', agent })
  const leased = yield* all<{ id: string }>(statements.task.leasedByAgent, agent.namespace, agent.name)
  for (const { id } of leased) publish({ type: 'task', id, agent })
}
