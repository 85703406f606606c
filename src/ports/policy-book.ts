// The policy book: the effective policy of each agent, written by the operator, read by the hub on every lease,
// heartbeat and journal reply. An agent without an entry may do nothing.

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { AgentKey } from '../domain/run/task.ts'

export interface PolicyBook {
  /** Writes when the revision differs from the stored one; resolves to whether it wrote. */
  put(policy: EffectivePolicy): Promise<boolean>
  get(agent: AgentKey): Promise<EffectivePolicy | undefined>
  remove(agent: AgentKey): Promise<void>
  subscribe(listener: (agent: AgentKey) => void): () => void
}
