// The policy of an agent that has none (any more): nothing is allowed. Its owner hears it in the next reply.

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { AgentKey } from '../domain/run/task.ts'

export const nothingAllowed = (agent: AgentKey): EffectivePolicy => {
  const source = { kind: 'builtin', name: 'no effective policy', field: agent.name } as const
  const none = { value: 0, source }
  return {
    agent,
    revision: 'none',
    // An allow list without patterns matches nothing.
    tools: { servers: [], allow: [[]], deny: [{ pattern: '*', source }], constraints: [], effects: [] },
    models: { allow: [[]], deny: [{ pattern: '*', source }] },
    limits: {
      tokensPerCall: none,
      timeoutSeconds: { value: 1, source },
      concurrentTasks: none,
      retries: none,
      dailyTokens: none,
      namespaceDailyTokens: none,
      turnsPerTask: none,
      callsPerTask: none,
      identicalCalls: none,
    },
  }
}
