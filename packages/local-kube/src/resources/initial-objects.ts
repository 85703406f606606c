/** What every cluster has before anyone asks: its namespaces and the `kubernetes` Service. */
import type { JsonObject } from '../json.ts'
import { StatusError } from '../status-error.ts'
import type { Store } from '../storage/store.ts'
import type { ObjectWriter } from './object-writer.ts'
import type { Registry } from './registry.ts'

export async function prepareCluster({
  store,
  writer,
  registry,
}: {
  store: Store
  writer: ObjectWriter
  registry: Registry
}): Promise<void> {
  const create = async (plural: string, namespace: string, object: JsonObject): Promise<void> => {
    const resource = registry.find({ group: '', version: 'v1', plural })
    const name = (object['metadata'] as { name: string }).name
    if (resource === undefined || store.get({ bucket: resource.bucket, namespace, name }) !== undefined)
      return
    const user = { username: 'system:apiserver', groups: ['system:masters'] }
    const context = {
      resource,
      namespace,
      name,
      subresource: '',
      user,
      fieldManager: 'local-kube',
      fieldValidation: 'Ignore',
      dryRun: false,
      warn: () => undefined,
    } as const
    await writer.create(context, object).catch((error: unknown) => {
      if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error
    })
  }
  const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
  await Promise.all(
    namespaces.map((name) =>
      create('namespaces', '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
    ),
  )
}
