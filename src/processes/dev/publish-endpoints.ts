// Tells people's tools where the hub is: ConfigMap kubeswarm-system/kubeswarm-endpoints.

import type { KubernetesObject } from '../../api/resource.ts'
import type { Resources } from '../../ports/resources.ts'

export const publishEndpoints = async ({
  resources,
  hubUrl,
  webhookBaseUrl,
  modelOverride,
}: {
  readonly resources: Resources
  readonly hubUrl: string
  readonly webhookBaseUrl: string
  /** What answers instead of the models that agents name, where something does. */
  readonly modelOverride?: string
}): Promise<void> => {
  const namespace = 'kubeswarm-system'
  await resources.apply<KubernetesObject>(
    { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  )
  const configMap: KubernetesObject & { readonly data: Readonly<Record<string, string>> } = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kubeswarm-endpoints', namespace },
    data: { hubUrl, webhookBaseUrl, ...(modelOverride === undefined ? {} : { modelOverride }) },
  }
  await resources.apply(
    { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
    configMap,
  )
}
