// What every controller is given: the client, the shared local copies, and a way to tell people what happened.

import type { EventRecorder } from '../client/event-recorder.ts'
import type { Informer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type {
  Deployment,
  Endpoints,
  EndpointSlice,
  Job,
  Namespace,
  Pod,
  ReplicaSet,
  Service,
  Stored,
} from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'

export interface SharedInformers {
  readonly pods: Informer<Pod>
  readonly replicaSets: Informer<ReplicaSet>
  readonly deployments: Informer<Deployment>
  readonly jobs: Informer<Job>
  readonly services: Informer<Service>
  readonly endpoints: Informer<Endpoints>
  readonly endpointSlices: Informer<EndpointSlice>
  readonly namespaces: Informer<Namespace>
  readonly serviceAccounts: Informer<Stored>
}

export interface ControllerContext {
  readonly client: KubeClient
  readonly informers: SharedInformers
  readonly events: EventRecorder
  readonly logger: Logger
}

export interface Controller {
  close(): Promise<void>
}
