// The controllers that make plain Kubernetes objects do what people expect of them. Ordinary API clients: they run
// against any API server, one set of them at a time.

import { createEventRecorder, type EventRecorder } from '../client/event-recorder.ts'
import { startInformer, type Informer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { EndpointSlice, Pod, ReplicaSet, Stored } from '../client/kubernetes-types.ts'
import { silentLogger, type Logger } from '../client/logger.ts'
import { kinds, pathOf, type ResourceKind } from '../client/resource-kind.ts'
import type { ControllerContext, SharedInformers } from './controller-context.ts'
import { startDeploymentController } from './deployment-controller.ts'
import { startEndpointsController } from './endpoints-controller.ts'
import { startGarbageCollector } from './garbage-collector.ts'
import { startJobController } from './job-controller.ts'
import { startNamespaceController } from './namespace-controller.ts'
import { startObjectMonitors } from './object-monitors.ts'
import { indexByController } from './owned.ts'
import { startReplicaSetController } from './replica-set-controller.ts'
import { startServiceAccountController } from './service-account-controller.ts'

export interface Controllers {
  close(): Promise<void>
}

/** Resolves when every controller has seen the present state of the world. */
export async function startControllers({
  client,
  logger = silentLogger,
}: {
  readonly client: KubeClient
  readonly logger?: Logger
}): Promise<Controllers> {
  const shared = new Map<string, Informer<Stored>>()
  const share = <T extends Stored>(
    kind: ResourceKind,
    index?: (object: T) => readonly string[],
  ): Informer<T> => {
    const informer = startInformer<T>({
      client,
      path: pathOf({ kind }),
      logger,
      ...(index !== undefined && { index }),
    })
    shared.set(`${kind.group}/${kind.plural}`, informer as unknown as Informer<Stored>)
    return informer
  }
  const informers: SharedInformers = {
    pods: share<Pod>(kinds.pods, indexByController),
    replicaSets: share<ReplicaSet>(kinds.replicaSets, indexByController),
    deployments: share(kinds.deployments),
    jobs: share(kinds.jobs),
    services: share(kinds.services),
    endpoints: share(kinds.endpoints),
    endpointSlices: share<EndpointSlice>(kinds.endpointSlices, ({ metadata }) => {
      const service = metadata.labels?.['kubernetes.io/service-name']
      return service === undefined ? [] : [`${metadata.namespace ?? ''}/${service}`]
    }),
    namespaces: share(kinds.namespaces),
    serviceAccounts: share(kinds.serviceAccounts),
  }
  const recorders = new Map<string, EventRecorder>()
  const contextOf = (component: string): ControllerContext => {
    const events = createEventRecorder({ client, component, logger })
    recorders.set(component, events)
    return { client, informers, events, logger }
  }
  const monitors = startObjectMonitors({ client, shared, logger })
  await Promise.all([...[...shared.values()].map(({ synced }) => synced), monitors.synced])

  const { namespaces } = informers
  const controllers = [
    startServiceAccountController(contextOf('serviceaccount-controller')),
    startDeploymentController(contextOf('deployment-controller')),
    startReplicaSetController(contextOf('replicaset-controller')),
    startJobController(contextOf('job-controller')),
    startEndpointsController(contextOf('endpoint-controller')),
    startGarbageCollector({ client, monitors, logger }),
    startNamespaceController({ client, namespaces, monitors, logger }),
  ]

  return {
    async close() {
      await Promise.all(controllers.map((controller) => controller.close()))
      await monitors.close()
      await Promise.all([...recorders.values()].map((events) => events.close()))
      await Promise.all([...shared.values()].map((informer) => informer.close()))
    },
  }
}
