// Who owns whom, by uid: the index that makes garbage collection a look-up instead of a search. It holds metadata only.

import type { ObjectMeta, Stored } from '../client/kubernetes-types.ts'
import type { ResourceKind } from '../client/resource-kind.ts'

export interface GraphNode {
  readonly kind: ResourceKind
  readonly metadata: Stored['metadata']
}

export interface OwnershipGraph {
  put(node: GraphNode): void
  remove(uid: string): void
  get(uid: string): GraphNode | undefined
  dependents(uid: string): readonly GraphNode[]
  /** How many objects there are in a namespace. */
  population(namespace: string): number
  inNamespace(namespace: string): readonly GraphNode[]
}

const owners = ({ ownerReferences }: ObjectMeta): readonly string[] =>
  (ownerReferences ?? []).map(({ uid }) => uid)

export function createOwnershipGraph(): OwnershipGraph {
  const nodes = new Map<string, GraphNode>()
  const owned = new Map<string, Set<string>>()
  const namespaces = new Map<string, Set<string>>()

  const link = (index: Map<string, Set<string>>, key: string, uid: string): void => {
    const members = index.get(key) ?? new Set<string>()
    index.set(key, members.add(uid))
  }
  const unlink = (index: Map<string, Set<string>>, key: string, uid: string): void => {
    const members = index.get(key)
    members?.delete(uid)
    if (members?.size === 0) index.delete(key)
  }
  const find = (uids: Iterable<string>): readonly GraphNode[] =>
    [...uids].map((uid) => nodes.get(uid)).filter((node) => node !== undefined)

  const remove = (uid: string): void => {
    const node = nodes.get(uid)
    if (node === undefined) return
    nodes.delete(uid)
    for (const owner of owners(node.metadata)) unlink(owned, owner, uid)
    if (node.metadata.namespace !== undefined) unlink(namespaces, node.metadata.namespace, uid)
  }

  return {
    remove,
    put(node) {
      const { uid, namespace } = node.metadata
      remove(uid)
      nodes.set(uid, node)
      for (const owner of owners(node.metadata)) link(owned, owner, uid)
      if (namespace !== undefined) link(namespaces, namespace, uid)
    },
    get: (uid) => nodes.get(uid),
    dependents: (uid) => find(owned.get(uid) ?? []),
    population: (namespace) => namespaces.get(namespace)?.size ?? 0,
    inNamespace: (namespace) => find(namespaces.get(namespace) ?? []),
  }
}
