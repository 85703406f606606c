// Applies manifests the way `kubectl apply --server-side` does, as field manager `swarm`: namespaces and definitions
// first, runs never (starting an incident is a person's decision), everything else in the order of the files.

import type { KubernetesObject } from '../../api/resource.ts'
import type { Transport } from '../../adapters/kubernetes/transport.ts'
import { KubeswarmError } from '../../domain/error.ts'

export interface Applied {
  readonly object: KubernetesObject
  readonly warnings: readonly string[]
}

/** Kinds that others live in or refer to go first; the rest keeps the order of the files. */
const rank = ({ kind }: KubernetesObject): number => {
  switch (kind) {
    case 'Namespace':
      return 0
    case 'CustomResourceDefinition':
      return 1
    case 'Secret':
    case 'ConfigMap':
    case 'ServiceAccount':
    case 'SwarmSettings':
      return 2
    case 'SwarmTeam':
      return 4
    case 'SwarmEvent':
      return 5
    case 'SwarmPolicy':
      // After the agents it may outlaw: existing agents go on clamped, a changed one is refused.
      return 6
    default:
      return 3
  }
}

export const inApplyOrder = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] =>
  objects
    .map((object, index) => ({ object, index }))
    .sort((left, right) => rank(left.object) - rank(right.object) || left.index - right.index)
    .map(({ object }) => object)

export const applyManifest = async ({
  transport,
  object,
}: {
  readonly transport: Transport
  readonly object: KubernetesObject
}): Promise<KubernetesObject> => {
  const path = await pathOf({ transport, object })
  return transport.exchange<KubernetesObject>({
    method: 'PATCH',
    path,
    query: { fieldManager: 'swarm', force: 'true', fieldValidation: 'Strict' },
    contentType: 'application/apply-patch+yaml',
    body: object,
  })
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
  }[]
}

const pathOf = async ({
  transport,
  object,
}: {
  readonly transport: Transport
  readonly object: KubernetesObject
}): Promise<string> => {
  const { apiVersion, kind, metadata } = object
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = await transport.exchange<ResourceList>({ method: 'GET', path: root })
  const resource = resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'))
  if (resource === undefined) {
    throw new KubeswarmError({
      code: 'InvalidManifest',
      message: `cannot apply ${kind} "${metadata.name}": this server has no kind ${kind} in ${apiVersion}`,
      remedy: 'check apiVersion and kind; kubectl api-resources lists what there is',
    })
  }
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
  return `${root}${scope}/${resource.name}/${metadata.name}`
}
