// What tells a cluster's node lifecycle controller that this node lives, at a kubelet's pace: a Lease renewed every quarter
// of its duration, and the Node's status written again every five minutes and when somebody else says it is not ready.

import { isApiError, isNotFound } from '../client/api-error.ts'
import type { Informer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Condition, Node } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { apiVersionOf, kinds } from '../client/resource-kind.ts'
import type { NodeRegistration } from './node-registration.ts'

const NAMESPACE = 'kube-node-lease'
const STATUS_MILLISECONDS = 300_000

export interface Heartbeat {
  close(): Promise<void>
}

export function startHeartbeat({
  client,
  nodeName,
  nodes,
  registration,
  leaseSeconds,
  logger,
}: {
  readonly client: KubeClient
  readonly nodeName: string
  /** Of this node alone. */
  readonly nodes: Informer<Node>
  readonly registration: NodeRegistration
  readonly leaseSeconds: number
  readonly logger: Logger
}): Heartbeat {
  let closed = false
  let renewed: Promise<void> = Promise.resolve()
  let told: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const renewLease = async (): Promise<void> => {
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: leaseSeconds,
      // A MicroTime has six digits.
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    }
    try {
      await client.patch({ kind: kinds.leases, namespace: NAMESPACE, name: nodeName, body: { spec } })
    } catch (error) {
      if (!isNotFound(error)) throw error
      await client.create({ kind: kinds.leases, namespace: NAMESPACE, body: { metadata: metadata(), spec } })
    }
  }
  /** Goes with its Node. */
  const metadata = (): object => {
    const node = nodes.get({ name: nodeName })
    const owner = node && {
      apiVersion: apiVersionOf(kinds.nodes),
      kind: kinds.nodes.kind,
      name: nodeName,
      uid: node.metadata.uid,
    }
    return { name: nodeName, ...(owner === undefined ? {} : { ownerReferences: [owner] }) }
  }
  const renew = (): void => {
    renewed = renewLease().then(
      () => plan(leaseSeconds * 250),
      (error: unknown) => {
        logger.warn({ error: String(error) }, 'cannot renew the lease of the node')
        plan(leaseSeconds * 50)
      },
    )
  }
  const plan = (milliseconds: number): void => {
    if (!closed) timer = setTimeout(renew, milliseconds)
  }
  const writeStatus = (): void => {
    told = registration.renew(nodes.get({ name: nodeName })).catch((error: unknown) => {
      // The node was deleted: it is registered again with the next agent, as a kubelet's is.
      if (!closed && !isApiError(error, 404))
        logger.warn({ error: String(error) }, 'cannot write the status of the node')
    })
  }

  renew()
  const status = setInterval(writeStatus, STATUS_MILLISECONDS)
  const stopWatching = nodes.onChange(({ type, object }) => {
    if (type !== 'deleted' && !isReady(object)) writeStatus()
  })
  return {
    async close() {
      closed = true
      stopWatching()
      clearInterval(status)
      clearTimeout(timer)
      await Promise.all([renewed, told])
    },
  }
}

const isReady = ({ status }: Node): boolean =>
  ((status?.['conditions'] ?? []) as readonly Condition[]).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  )
