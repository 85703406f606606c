// The SwarmTeam controller: says whether the team could run, what its last run did, and keeps its history to the
// limits. It starts nothing and owns no run: deleting a team leaves its history.

import { swarmRuns, swarmTeams } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../../domain/error.ts'
import type { SwarmRun, SwarmTeam } from '../../api/v1alpha1/index.ts'
import { byAgent, byTeam } from '../caches.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Again, type Controller } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'
import { expiredRuns } from '../../domain/run/run-history.ts'
import { historyLimits, teamStatus } from './team-status.ts'

const tellsOfRunsAfterMs = 500
const runsAtOnce = 20

export const createTeamController = (
  context: OperatorContext,
  validate: (team: SwarmTeam) => readonly FieldError[],
): Controller => {
  const { resources, store, caches, clock, random, logger } = context

  const reconcile = async (key: string): Promise<Again | undefined> => {
    const { namespace, name } = splitKey(key)
    const team = caches.teams.get({ namespace, name })
    if (team === undefined || team.metadata.deletionTimestamp !== undefined) return undefined
    const now = clock.now()
    const runs = caches.runs.by(byTeam, key)
    const status = teamStatus({
      team,
      agents: (agent) => caches.agents.get({ namespace, name: agent }),
      runs,
      errors: validate(team),
      now,
    })
    const patch = mergePatch(team.status, status)
    if (!isEmpty(patch)) await resources.patchStatus(swarmTeams, { namespace, name }, patch)

    const { expired, nextAt } = expiredRuns({ limits: historyLimits(team), runs, now })
    const going = expired.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    // A limit that was lowered may cost thousands: a few at a time, so that runs under way find API and store free.
    for (let first = 0; first < going.length; first += runsAtOnce)
      await forget(going.slice(first, first + runsAtOnce))
    return nextAt === undefined ? undefined : { afterMs: Math.max(nextAt - now, 1_000) }
  }

  const forget = async (runs: readonly SwarmRun[]): Promise<void> => {
    await Promise.all(
      runs.map(({ metadata }) =>
        resources.delete(swarmRuns, metadata, metadata.uid === undefined ? undefined : { uid: metadata.uid }),
      ),
    )
    // After the resource: a journal that outlives it here is found by the keeper of journals.
    await store.journal.forget({ runs: runs.flatMap(({ metadata: { uid } }) => uid ?? []) })
  }

  const controller = createController({ name: 'team', reconcile, clock, random, logger, workers: 2 })
  caches.teams.subscribe(({ before, after }) => {
    const subject = after ?? before
    if (subject !== undefined) controller.queue.add(keyOf(subject.metadata))
  })
  caches.runs.subscribe(({ before, after }) => {
    const run = after ?? before
    if (run?.spec.teamRef === undefined || before?.status?.phase === after?.status?.phase) return
    // The run goes first: what its team says of it can wait until a short run is over.
    const team = keyOf({ namespace: run.metadata.namespace, name: run.spec.teamRef })
    controller.queue.addAfter(team, tellsOfRunsAfterMs)
  })
  caches.agents.subscribe(({ before, after }) => {
    const agent = after ?? before
    if (agent === undefined) return
    for (const team of caches.teams.by(byAgent, keyOf(agent.metadata)))
      controller.queue.add(keyOf(team.metadata))
  })
  return controller
}
