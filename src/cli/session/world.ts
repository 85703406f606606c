// The agents, teams, policies and settings a question is about: those of a cluster's namespace, or manifests that stand for it
// (`-f`), so that the question needs no cluster. Of an object that several files write, the last is taken, as if they
// had been applied one after the other.

import type { KubernetesObject } from '../../api/resource.ts'
import { type AdmissionContext, admissionContext } from '../../domain/admission/context.ts'
import { checkSchema } from '../../domain/admission/check-schema.ts'
import { unknownFields } from '../../domain/admission/unknown-fields.ts'
import { closestName } from '../../domain/closest-name.ts'
import { KubeswarmError } from '../../domain/error.ts'
import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import { readManifests } from '../../processes/dev/read-directory.ts'
import { kindOf } from '../kinds.ts'
import { type Cluster, type ClusterOptions, withCluster } from './cluster.ts'

export interface World {
  readonly namespace: string
  readonly objects: readonly KubernetesObject[]
  readonly context: AdmissionContext
  /** Undefined when manifests stand for it. */
  readonly cluster: Cluster | undefined
}

export const withWorld = async <T>(
  {
    manifests,
    preferred,
    ...options
  }: ClusterOptions & {
    /** Files and directories that stand for the cluster; none: the cluster. */
    readonly manifests: readonly string[]
    /** Namespace to take where none is asked for. */
    readonly preferred?: string | undefined
  },
  work: (world: World) => Promise<T>,
): Promise<T> => {
  if (manifests.length > 0) {
    const objects = await readSwarmObjects(manifests)
    const namespace = options.namespace ?? preferred ?? namespaceOf(objects) ?? 'default'
    return work(worldOf({ namespace, objects: inNamespace(objects, namespace), cluster: undefined }))
  }
  return withCluster({ ...options, ...namespaceOption(options.namespace ?? preferred) }, async (cluster) => {
    const pages = await Promise.all(
      ['agent', 'team', 'policy', 'settings'].map((word) =>
        cluster.connection.list<KubernetesObject>(kindOf(word), { namespace: cluster.namespace }),
      ),
    )
    // Items of a list do not say their kind on every server.
    const objects = pages.flatMap(({ items }, index) =>
      items.map((item) => ({
        ...item,
        kind: ['SwarmAgent', 'SwarmTeam', 'SwarmPolicy', 'SwarmSettings'][index] ?? item.kind,
      })),
    )
    return work(worldOf({ namespace: cluster.namespace, objects, cluster }))
  })
}

/** The world after these manifests have been applied to it. */
export const appliedTo = (world: World, manifests: readonly KubernetesObject[]): World =>
  worldOf({ ...world, objects: lastOfEach([...world.objects, ...inNamespace(manifests, world.namespace)]) })

const namespaceOption = (namespace: string | undefined) => (namespace === undefined ? {} : { namespace })

const worldOf = (parts: Omit<World, 'context'>): World => ({
  ...parts,
  context: admissionContext({ objects: parts.objects, complete: true }),
})

/** Objects of our kinds in files and directories, each valid by its schema. */
export const readSwarmObjects = async (paths: readonly string[]): Promise<readonly KubernetesObject[]> => {
  const read = await Promise.all(paths.map((path) => readManifests(path)))
  const manifests = read.flatMap(({ objects }) => objects)
  const ours = manifests.filter(({ object }) => object.apiVersion.startsWith('kubeswarm.io/'))
  const faults = [
    ...read.flatMap(({ errors }) => errors.map((error) => ({ ...error, text: error.message }))),
    ...ours.flatMap(({ object, source, position }) =>
      [...unknownFields(object), ...checkSchema(object)].map(({ path, message, position: within }) => ({
        source,
        ...position(path, within),
        text: `${object.kind} ${object.metadata.name}: ${path}: ${message}`,
      })),
    ),
  ]
  if (faults.length > 0)
    throw new KubeswarmError({
      code: 'InvalidManifest',
      message: faults
        .map(({ source, line, column, text }) => `${source}:${line}:${column}: ${text}`)
        .join('\n       '),
      remedy: `correct it; "swarm lint ${paths.join(' ')}" says more`,
    })
  return lastOfEach(ours.map(({ object }) => object))
}

/** The one namespace the manifests speak of; undefined where they name none. */
export const namespaceOf = (objects: readonly KubernetesObject[]): string | undefined => {
  const named = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))]
  if (named.length < 2) return named[0]
  throw new KubeswarmError({
    code: 'Usage',
    message: `the manifests are of several namespaces: ${named.join(', ')}`,
    remedy: 'say which is meant with -n',
  })
}

/** Objects of that namespace; one that names none is put there, as kubectl does. */
const inNamespace = (objects: readonly KubernetesObject[], namespace: string): readonly KubernetesObject[] =>
  objects
    .filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace)
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }))

const lastOfEach = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => [
  ...new Map(
    objects.map((object) => [
      `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`,
      object,
    ]),
  ).values(),
]

export const agentNamed = ({ context: { agents }, namespace, cluster }: World, name: string): SwarmAgent => {
  const found = agents.get(name)
  if (found !== undefined) return found
  const near = closestName(name, [...agents.keys()])
  const list = agents.size === 0 ? 'there are no agents' : `agents are ${[...agents.keys()].join(', ')}`
  throw new KubeswarmError({
    code: 'NotFound',
    message: `SwarmAgent ${namespace}/${name} not found${cluster === undefined ? ' in the manifests' : ''}`,
    remedy: near === undefined ? `${list}; another namespace is named with -n` : `did you mean ${near}?`,
  })
}
