// Asks `domain/admission` with what the operator knows. A cache may lag behind a user who applies everything at once,
// so an objection is made only after the API server itself was asked.

import {
  swarmAgents,
  swarmEvents,
  swarmPolicies,
  swarmSettings,
  swarmTeams,
  type SwarmAgent,
  type SwarmEvent,
  type SwarmPolicy,
  type SwarmSettings,
  type SwarmTeam,
} from '../../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { oneSpelling } from '../../api/spellings.ts'
import { admit } from '../../domain/admission/admit.ts'
import type { AdmissionContext } from '../../domain/admission/context.ts'
import type { Resources } from '../../ports/resources.ts'
import type { Caches } from '../caches.ts'
import type { AdmissionRequest, Verdict } from './review.ts'

export const createJudge =
  ({ resources, caches }: { readonly resources: Resources; readonly caches: Caches }) =>
  async ({ object, oldObject, namespace }: AdmissionRequest): Promise<Verdict> => {
    const question = { object, oldObject: oldObject ?? undefined }
    const verdict = admit({ ...question, context: cachedContext(caches, namespace) })
    if (verdict.errors.length === 0 && verdict.warnings.length === 0) return verdict
    return admit({ ...question, context: await freshContext(resources, namespace) })
  }

const cachedContext = (caches: Caches, namespace: string | undefined): AdmissionContext =>
  contextOf({
    agents: caches.agents.list(namespace),
    teams: caches.teams.list(namespace),
    policies: caches.policies.list(namespace),
    settings: caches.settings.list(namespace),
    events: caches.events.list(namespace),
  })

const freshContext = async (
  resources: Resources,
  namespace: string | undefined,
): Promise<AdmissionContext> => {
  const options = namespace === undefined ? {} : { namespace }
  const [agents, teams, policies, settings, events] = await Promise.all([
    resources.list<SwarmAgent>(swarmAgents, options),
    resources.list<SwarmTeam>(swarmTeams, options),
    resources.list<SwarmPolicy>(swarmPolicies, options),
    resources.list<SwarmSettings>(swarmSettings, options),
    resources.list<SwarmEvent>(swarmEvents, options),
  ])
  return contextOf({
    agents: spelled(agents.items),
    teams: spelled(teams.items),
    policies: spelled(policies.items),
    settings: spelled(settings.items),
    events: spelled(events.items),
  })
}

const spelled = <T extends KubernetesObject>(objects: readonly T[]): readonly T[] =>
  objects.map((object) => oneSpelling(object).object)

const contextOf = ({
  agents,
  teams,
  ...rest
}: {
  readonly agents: readonly SwarmAgent[]
  readonly teams: readonly SwarmTeam[]
  readonly policies: readonly SwarmPolicy[]
  readonly settings: readonly SwarmSettings[]
  readonly events: readonly SwarmEvent[]
}): AdmissionContext => ({ complete: true, agents: byName(agents), teams: byName(teams), ...rest })

const byName = <T extends KubernetesObject>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((object) => [object.metadata.name, object]))
