// A new pod, as its owner's template describes it.

import type { KubeObject, PodTemplate, Stored } from '../client/kubernetes-types.ts'
import type { ResourceKind } from '../client/resource-kind.ts'
import { controllerReference } from './owned.ts'

export function podFromTemplate({
  owner,
  kind,
  template,
  labels = {},
}: {
  readonly owner: Stored
  readonly kind: ResourceKind
  readonly template: PodTemplate
  readonly labels?: Readonly<Record<string, string>>
}): KubeObject & { readonly spec: PodTemplate['spec'] } {
  const { labels: templateLabels, annotations, finalizers } = template.metadata ?? {}
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      ...(owner.metadata.namespace !== undefined && { namespace: owner.metadata.namespace }),
      labels: { ...templateLabels, ...labels },
      ...(annotations !== undefined && { annotations }),
      ...(finalizers !== undefined && { finalizers }),
      ownerReferences: [controllerReference({ owner, kind })],
    },
    spec: template.spec,
  }
}
