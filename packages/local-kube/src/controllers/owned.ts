// Ownership between a controller's objects and what it makes of them.

import type { ObjectMeta, OwnerReference, Stored } from '../client/kubernetes-types.ts'
import { apiVersionOf, type ResourceKind } from '../client/resource-kind.ts'

export const controllerOf = ({ ownerReferences }: ObjectMeta): OwnerReference | undefined =>
  ownerReferences?.find(({ controller }) => controller === true)

export function controllerReference({
  owner,
  kind,
}: {
  readonly owner: Stored
  readonly kind: ResourceKind
}): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** For informers: find objects by the uid of their controller. */
export const indexByController = ({ metadata }: Stored): readonly string[] => {
  const controller = controllerOf(metadata)
  return controller === undefined ? [] : [controller.uid]
}

export const objectKey = ({ metadata }: Stored): string => `${metadata.namespace ?? ''}/${metadata.name}`

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
