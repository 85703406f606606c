// What a namespace on its way out says about itself: what is left in it, and what holds that.

import type { Condition } from '../client/kubernetes-types.ts'
import type { ResourceKind } from '../client/resource-kind.ts'

export interface Remaining {
  readonly kind: ResourceKind
  readonly count: number
  /** Of the objects counted, each as often as it stands there. */
  readonly finalizers: readonly string[]
}

/** The conditions of `known`, brought up to date; a condition that says the same keeps its time. */
export function namespaceConditions({
  remaining,
  known,
  now,
}: {
  readonly remaining: readonly Remaining[]
  readonly known: readonly Condition[]
  readonly now: string
}): readonly Condition[] {
  const left = remaining.filter(({ count }) => count > 0)
  const held = new Map<string, number>()
  for (const finalizer of left.flatMap(({ finalizers }) => finalizers))
    held.set(finalizer, (held.get(finalizer) ?? 0) + 1)
  const instances = left
    .map(({ kind: { plural, group }, count }) => `${plural}.${group} has ${count} resource instances`)
    .toSorted()
  const holding = [...held].map(([name, count]) => `${name} in ${count} resource instances`).toSorted()
  const conditions = [
    fact(
      'NamespaceDeletionDiscoveryFailure',
      'False',
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ),
    fact(
      'NamespaceDeletionGroupVersionParsingFailure',
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    fact(
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    instances.length > 0
      ? fact(
          'NamespaceContentRemaining',
          'True',
          'SomeResourcesRemain',
          `Some resources are remaining: ${instances.join(', ')}`,
        )
      : fact('NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed'),
    holding.length > 0
      ? fact(
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${holding.join(', ')}`,
        )
      : fact(
          'NamespaceFinalizersRemaining',
          'False',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ),
  ]
  return conditions.map((condition) => {
    const before = known.find(({ type }) => type === condition.type)
    const isSame = before?.status === condition.status && before.message === condition.message
    return isSame ? before : { ...condition, lastTransitionTime: now }
  })
}

const fact = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
})
