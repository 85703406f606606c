// Waits for an agent's effective policy to appear: a pod may be faster than the operator that computes it.

import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { AgentKey } from '../domain/run/task.ts'
import type { Clock } from '../ports/clock.ts'
import type { PolicyBook } from '../ports/policy-book.ts'

export const awaitPolicy = async ({
  policies,
  agent,
  waitMs,
  signal,
  clock,
}: {
  readonly policies: PolicyBook
  readonly agent: AgentKey
  readonly waitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}): Promise<EffectivePolicy | undefined> => {
  const { promise: woken, resolve: wake } = Promise.withResolvers<void>()
  // Before the first look, so that nothing falls in between.
  const unsubscribe = policies.subscribe(({ namespace, name }) => {
    if (namespace === agent.namespace && name === agent.name) wake()
  })
  const stopTimer = clock.after(waitMs, wake)
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    const found = await policies.get(agent)
    if (found !== undefined || waitMs <= 0 || signal.aborted) return found
    await woken
    return await policies.get(agent)
  } finally {
    unsubscribe()
    stopTimer()
  }
}
