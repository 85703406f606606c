// The operator as a part of a process: reads the generated definitions, and starts it on a connection and a store.

import { readdir, readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import type { CustomResourceDefinition } from '../operator/builtin-kinds.ts'
import { createNotifyChannels } from '../adapters/notify-channels/create-notify-channels.ts'
import type { HostResolver } from '../adapters/http/service-resolver.ts'
import type { AdmissionSettings } from '../operator/admission/open-admission.ts'
import { runOperator, type LeaderElection } from '../operator/run-operator.ts'
import type { WorkloadSettings } from '../domain/workload/agent-workload.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventCatalog } from '../ports/event-catalog.ts'
import type { Logger } from '../ports/logger.ts'
import type { Resources } from '../ports/resources.ts'
import type { Store } from '../ports/store.ts'

interface OperatorConfig extends WorkloadSettings {
  /** Where senders reach the hub's webhooks. */
  readonly webhookBaseUrl: string
  /** Left out: no admission webhook. */
  readonly admission?: AdmissionSettings
  /** Namespace of the operator's own objects. */
  readonly namespace?: string
  readonly notifications?: {
    /** Finds Services, where DNS does not. */
    readonly services?: HostResolver
    /** `host:port` that notifications may go to although it is private. */
    readonly allow?: readonly string[]
  }
  /** Left out: this is the only replica. */
  readonly leaderElection?: LeaderElection
}

export interface StartedOperator {
  /** Resolves when the caches have synced, admission is registered and the controllers work. */
  readonly ready: Promise<void>
  /** The webhook events, for the hub. Answers from the moment the operator is ready. */
  readonly catalog: EventCatalog
  /** Finishes the work in hand. Leaves store and connection open. */
  close(): Promise<void>
}

const crdDirectory = new URL('../api/crds/', import.meta.url)

export const startOperator = ({
  resources,
  store,
  config: { namespace = 'kubeswarm-system', notifications = {}, ...config },
  clock,
  logger,
}: {
  readonly resources: Resources
  readonly store: Store
  readonly config: OperatorConfig
  readonly clock: Clock
  readonly logger: Logger
}): StartedOperator => {
  const abort = new AbortController()
  const channels = createNotifyChannels({ ...notifications, clock })
  const starting = readDefinitions().then((definitions) =>
    runOperator({
      resources,
      store,
      channels,
      settings: { ...config, namespace },
      definitions,
      clock,
      random: Math.random,
      logger,
      signal: abort.signal,
    }),
  )
  const ready = starting.then(() => undefined)
  // Who closes before it was ready need not have waited for it.
  ready.catch(() => undefined)
  return {
    ready,
    catalog: {
      find: async (event) => (await starting).catalog.find(event),
      ended: async (run, signal) => (await starting).catalog.ended(run, signal),
    },
    async close() {
      abort.abort()
      const operator = await starting.catch(() => undefined)
      await operator?.close()
      await channels.close()
    },
  }
}

const readDefinitions = async (): Promise<readonly CustomResourceDefinition[]> => {
  const files = (await readdir(crdDirectory)).filter((file) => file.endsWith('.yaml')).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, crdDirectory), 'utf8')))
  return texts.map((text) => parse(text) as CustomResourceDefinition)
}
