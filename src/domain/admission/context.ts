// What admission knows of the other objects of the namespace. The webhook asks the cluster, `swarm lint` the manifests
// of a directory.

import type { KubernetesObject } from '../../api/resource.ts'
import { oneSpelling } from '../../api/spellings.ts'
import type {
  SwarmAgent,
  SwarmEvent,
  SwarmPolicy,
  SwarmSettings,
  SwarmTeam,
} from '../../api/v1alpha1/index.ts'

export interface AdmissionContext {
  /** Whether an object that is not here does not exist. A directory is not all there is. */
  readonly complete: boolean
  /** All in the one spelling (`api/spellings.ts`). */
  readonly agents: ReadonlyMap<string, SwarmAgent>
  readonly teams: ReadonlyMap<string, SwarmTeam>
  readonly policies: readonly SwarmPolicy[]
  readonly settings: readonly SwarmSettings[]
  readonly events: readonly SwarmEvent[]
}

export const nothingKnown: AdmissionContext = {
  complete: false,
  agents: new Map(),
  teams: new Map(),
  policies: [],
  settings: [],
  events: [],
}

/** The context that the objects of one namespace make; objects of other kinds are passed over. */
export const admissionContext = ({
  objects,
  complete,
}: {
  readonly objects: readonly KubernetesObject[]
  readonly complete: boolean
}): AdmissionContext => {
  const ofKind = <T extends KubernetesObject>(kind: T['kind']): readonly T[] =>
    objects.filter((object): object is T => object.kind === kind).map((object) => oneSpelling(object).object)
  const byName = <T extends KubernetesObject>(found: readonly T[]): ReadonlyMap<string, T> =>
    new Map(found.map((object) => [object.metadata.name, object]))
  return {
    complete,
    agents: byName(ofKind<SwarmAgent>('SwarmAgent')),
    teams: byName(ofKind<SwarmTeam>('SwarmTeam')),
    policies: ofKind<SwarmPolicy>('SwarmPolicy'),
    settings: ofKind<SwarmSettings>('SwarmSettings'),
    events: ofKind<SwarmEvent>('SwarmEvent'),
  }
}
