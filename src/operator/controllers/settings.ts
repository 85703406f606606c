// The SwarmSettings controller: tells in the status which agents use the settings. Prompts and servers of agents follow
// in the agent controller, which watches settings too.

import { swarmSettings, type SwarmSettingsStatus } from '../../api/v1alpha1/index.ts'
import { bySettings } from '../caches.ts'
import { conditionsAt } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'

const mostNames = 20

export const createSettingsController = (context: OperatorContext): Controller => {
  const { resources, caches, clock, random, logger } = context

  const reconcile = async (key: string): Promise<undefined> => {
    const { namespace, name } = splitKey(key)
    const settings = caches.settings.get({ namespace, name })
    if (settings === undefined || settings.metadata.deletionTimestamp !== undefined) return undefined
    const agents = caches.agents
      .by(bySettings, key)
      .map(({ metadata }) => metadata.name)
      .toSorted()
    const observedGeneration = settings.metadata.generation ?? 1
    const shown = `${agents.slice(0, mostNames).join(', ')}${agents.length > mostNames ? ', …' : ''}`
    const status: SwarmSettingsStatus = {
      agentCount: agents.length,
      observedGeneration,
      conditions: conditionsAt({
        previous: settings.status?.conditions,
        current: [
          {
            type: 'Ready',
            status: 'True',
            observedGeneration,
            reason: agents.length === 0 ? 'Unused' : 'InUse',
            message:
              agents.length === 0
                ? 'no agent names these settings in spec.settings'
                : `${agents.length} agents use them: ${shown}`,
          },
        ],
        now: clock.now(),
      }),
    }
    const patch = mergePatch(settings.status, status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmSettings, { namespace, name }, patch)
    return undefined
  }

  const controller = createController({ name: 'settings', reconcile, clock, random, logger, workers: 1 })
  caches.settings.subscribe(({ before, after }) => {
    // A status of ours tells nothing new.
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return
    const metadata = (after ?? before)?.metadata
    if (metadata !== undefined) controller.queue.add(keyOf(metadata))
  })
  caches.agents.subscribe(({ before, after }) => {
    if (before !== undefined && before.metadata.generation === after?.metadata.generation) return
    const namespace = (after ?? before)?.metadata.namespace
    for (const { name } of [...(before?.spec.settings ?? []), ...(after?.spec.settings ?? [])])
      controller.queue.add(keyOf({ namespace, name }))
  })
  return controller
}
