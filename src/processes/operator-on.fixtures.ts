// An operator on a Kubernetes API server, for tests: its own store in memory, its definitions installed, its admission
// asked.

import { connectKubernetes, type KubernetesConnection } from '../adapters/kubernetes/connect-kubernetes.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import { startOperator } from './operator.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

/** Resolves when it is ready. `open` takes what the test has to close, the latest first. */
export const operatorOn = async ({
  kubeconfig,
  open,
  logger = silentLogger,
}: {
  readonly kubeconfig: string
  readonly open: (() => unknown)[]
  readonly logger?: Logger
}): Promise<{ readonly resources: KubernetesConnection; readonly store: Store }> => {
  const resources = await connectKubernetes({ kubeconfig })
  open.push(() => resources.close())
  const store = openSqliteStore({ path: ':memory:', clock: systemClock })
  open.push(() => store.close())
  const operator = startOperator({
    resources,
    store,
    config: {
      agentImage: 'ghcr.io/kubeswarm/kubeswarm:test',
      agentArgs: ['agent'],
      hubUrl: 'http://127.0.0.1:8092',
      webhookBaseUrl: 'http://127.0.0.1:8092',
      admission: { host: '127.0.0.1', port: 0 },
    },
    clock: systemClock,
    logger,
  })
  open.push(() => operator.close())
  await operator.ready
  return { resources, store }
}
