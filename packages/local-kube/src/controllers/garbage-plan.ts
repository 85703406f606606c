// What garbage collection does with one object, given what is known of its owners and dependents. Pure.

import type { OwnerReference } from '../client/kubernetes-types.ts'
import type { GraphNode } from './ownership-graph.ts'

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

export type OwnerState = 'solid' | 'absent' | 'waiting'

export type GarbageAction =
  | { readonly type: 'nothing' }
  | { readonly type: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan' }
  /** Some owners are gone, others stay: keep the object and only these references. */
  | { readonly type: 'keep-owners'; readonly ownerReferences: readonly OwnerReference[] }
  /** Foreground deletion has nothing left to wait for, or dependents are freed: let the object go. */
  | { readonly type: 'remove-finalizer'; readonly finalizer: string }
  | { readonly type: 'release-dependents' }
  | { readonly type: 'collect-dependents' }

const has = ({ metadata }: GraphNode, finalizer: string): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer)

export const isDeletingDependents = (node: GraphNode): boolean => has(node, foregroundFinalizer)

export function planGarbage({
  node,
  dependents,
  owners,
}: {
  readonly node: GraphNode
  readonly dependents: readonly GraphNode[]
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[]
}): GarbageAction {
  if (has(node, orphanFinalizer)) {
    return dependents.length > 0
      ? { type: 'release-dependents' }
      : { type: 'remove-finalizer', finalizer: orphanFinalizer }
  }
  if (isDeletingDependents(node)) {
    const { uid } = node.metadata
    const blocking = dependents.some(({ metadata }) =>
      metadata.ownerReferences?.some(
        (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
      ),
    )
    return blocking
      ? { type: 'collect-dependents' }
      : { type: 'remove-finalizer', finalizer: foregroundFinalizer }
  }
  if (node.metadata.deletionTimestamp !== undefined || owners.length === 0) return { type: 'nothing' }

  const solid = owners.filter(({ state }) => state === 'solid')
  if (solid.length === owners.length) return { type: 'nothing' }
  if (solid.length > 0)
    return { type: 'keep-owners', ownerReferences: solid.map(({ reference }) => reference) }
  const someoneWaits = owners.some(({ state }) => state === 'waiting')
  // An owner deleted in the foreground waits for whole trees, so the tree below is deleted the same way.
  return { type: 'delete', policy: someoneWaits && dependents.length > 0 ? 'Foreground' : 'Background' }
}
