// Every namespace has a ServiceAccount `default`.

import { isApiError } from '../client/api-error.ts'
import type { Stored } from '../client/kubernetes-types.ts'
import { kinds } from '../client/resource-kind.ts'
import type { Controller, ControllerContext } from './controller-context.ts'
import { startReconciler } from './start-reconciler.ts'

export function startServiceAccountController({ client, informers, logger }: ControllerContext): Controller {
  const { namespaces, serviceAccounts } = informers
  return startReconciler({
    name: 'serviceaccount',
    logger,
    async reconcile(name) {
      const namespace = namespaces.get({ name })
      if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return
      if (serviceAccounts.get({ namespace: name, name: 'default' }) !== undefined) return
      try {
        const body = { metadata: { name: 'default', namespace: name } }
        serviceAccounts.learn(
          await client.create<Stored>({ kind: kinds.serviceAccounts, namespace: name, body }),
        )
      } catch (error) {
        if (!isApiError(error, 409)) throw error
      }
    },
    watch: (queue) => [
      namespaces.onChange(({ object }) => queue.add(object.metadata.name)),
      serviceAccounts.onChange(({ type, object }) => {
        if (type === 'deleted' && object.metadata.name === 'default')
          queue.add(object.metadata.namespace ?? '')
      }),
    ],
  })
}
