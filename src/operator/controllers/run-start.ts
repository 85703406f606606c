// The first step of a run: from the resources as they are to the snapshot that its journal begins with. A cache may
// lag behind a user who applied everything at once, so nothing is refused before the API server itself was asked.

import {
  swarmAgents,
  swarmRuns,
  swarmTeams,
  type SwarmAgent,
  type SwarmRun,
  type SwarmTeam,
} from '../../api/v1alpha1/index.ts'
import { oneSpelling } from '../../api/spellings.ts'
import { takeSnapshot, type SnapshotResult } from '../../domain/run/take-snapshot.ts'
import type { OperatorContext } from '../context.ts'

type RunStart =
  | { readonly type: 'gone' }
  | { readonly type: 'waiting'; readonly run: SwarmRun }
  | { readonly type: 'decided'; readonly run: SwarmRun; readonly result: SnapshotResult }

export const prepareRun = async (
  { resources, caches }: Pick<OperatorContext, 'resources' | 'caches'>,
  seen: SwarmRun,
): Promise<RunStart> => {
  const { namespace = 'default', name, uid } = seen.metadata
  // Before any effect: is it still the run we were told of? A deleted and recreated one has another uid.
  const found = await resources.get<SwarmRun>(swarmRuns, { namespace, name })
  const run = found === undefined ? undefined : oneSpelling(found).object
  if (run === undefined || run.metadata.uid !== uid || run.metadata.deletionTimestamp !== undefined)
    return { type: 'gone' }
  if (run.spec.suspend === true && run.spec.cancel !== true) return { type: 'waiting', run }

  const { teamRef } = run.spec
  const cached = takeSnapshot({
    run,
    team: teamRef === undefined ? undefined : caches.teams.get({ namespace, name: teamRef }),
    agents: namesOf(caches.agents.list(namespace)),
  })
  if (cached.type === 'snapshot') return { type: 'decided', run, result: cached }
  const [team, agents] = await Promise.all([
    teamRef === undefined ? undefined : resources.get<SwarmTeam>(swarmTeams, { namespace, name: teamRef }),
    resources.list<SwarmAgent>(swarmAgents, { namespace }),
  ])
  return {
    type: 'decided',
    run,
    result: takeSnapshot({
      run,
      team: team === undefined ? undefined : oneSpelling(team).object,
      agents: namesOf(agents.items),
    }),
  }
}

const namesOf = (agents: readonly SwarmAgent[]): readonly string[] =>
  agents.map(({ metadata }) => metadata.name)
