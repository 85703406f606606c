// Agents in trouble: one that has taken no tasks for a while is told of, once for each time it happens. A new agent
// that is not up yet, and one whose pods are being replaced, are in no trouble.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { OperatorContext } from '../context.ts'
import type { Tell } from '../notify/tell.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'

export const patienceMs = 60_000

export const createDegradedController = (
  { caches, clock, random, logger }: OperatorContext,
  tell: Tell,
): Controller => {
  const reconcile = async (key: string): Promise<Again | undefined> => {
    const { namespace, name } = splitKey(key)
    const agent = caches.agents.get({ namespace, name })
    const trouble = agent === undefined ? undefined : troubleOf(agent)
    if (agent === undefined || trouble === undefined) return undefined
    const since = Date.parse(trouble.lastTransitionTime)
    const left = since + patienceMs - clock.now()
    if (left > 0) return { afterMs: left }
    await tell({
      notify: agent.spec.observability?.notifyRef?.name,
      fact: {
        id: `degraded/${agent.metadata.uid ?? name}/${trouble.lastTransitionTime}`,
        event: 'AgentDegraded',
        namespace,
        at: new Date(clock.now()).toISOString(),
        subject: { kind: 'agent', name },
        thread: `agent/${name}`,
        message: `not ready since ${trouble.lastTransitionTime}: ${trouble.message}`,
      },
    })
    return undefined
  }

  const controller = createController({ name: 'degraded', reconcile, clock, random, logger, workers: 1 })
  caches.agents.subscribe(({ after }) => {
    if (after !== undefined && troubleOf(after) !== undefined) controller.queue.add(keyOf(after.metadata))
  })
  return controller
}

const troubleOf = ({ status, spec }: SwarmAgent) =>
  spec.observability?.notifyRef === undefined
    ? undefined
    : status?.conditions?.find(({ type, status: holds }) => type === 'Ready' && holds === 'False')
