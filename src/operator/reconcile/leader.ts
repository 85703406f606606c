// Leader election by a coordination.k8s.io Lease: one holder at a time, as long as clocks run at the same speed. It
// decides who works, not what is true: the store's fencing keeps two leaders from doing harm.

import type { KubernetesObject } from '../../api/resource.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { KubernetesApiError, type Resources, type ResourceType } from '../../ports/resources.ts'

const leaseType: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}

interface Lease extends KubernetesObject {
  readonly spec?: {
    readonly holderIdentity?: string | null
    readonly leaseDurationSeconds?: number
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

interface Leadership {
  /** Resolves when this process leads. */
  readonly acquired: Promise<void>
  /** Resolves when leadership was lost without asking; the process should then end. */
  readonly lost: Promise<void>
  /** Gives the lease back, so that the next one need not wait for it to run out. */
  release(): Promise<void>
}

export const electLeader = ({
  resources,
  clock,
  logger,
  namespace,
  identity,
  name = 'kubeswarm-operator',
  leaseSeconds = 15,
}: {
  readonly resources: Resources
  readonly clock: Clock
  readonly logger: Logger
  readonly namespace: string
  readonly identity: string
  readonly name?: string
  readonly leaseSeconds?: number
}): Leadership => {
  const acquired = Promise.withResolvers<void>()
  const lost = Promise.withResolvers<void>()
  // The rival's renewals as seen by our own clock: wall clocks of two machines are never compared.
  let rival: { readonly version: string | undefined; readonly seenAt: number } | undefined
  let renewedAt: number | undefined
  let cancel = () => {}
  let released = false

  const claim = async (): Promise<boolean> => {
    const lease = await resources.get<Lease>(leaseType, { namespace, name })
    const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z')
    const spec = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, renewTime }
    if (lease === undefined) {
      const metadata = { namespace, name }
      await resources.create<Lease>(leaseType, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata,
        spec,
      })
      return true
    }
    const holder = lease.spec?.holderIdentity ?? ''
    const { resourceVersion } = lease.metadata
    if (holder !== '' && holder !== identity) {
      if (rival?.version !== resourceVersion) rival = { version: resourceVersion, seenAt: clock.monotonic() }
      const duration = (lease.spec?.leaseDurationSeconds ?? leaseSeconds) * 1000
      if (rival === undefined || clock.monotonic() - rival.seenAt < duration) return false
    }
    const leaseTransitions = (lease.spec?.leaseTransitions ?? 0) + (holder === identity ? 0 : 1)
    // The version is the compare-and-set: of two that claim at once, one gets 409.
    await resources.patch(
      leaseType,
      { namespace, name },
      { metadata: { resourceVersion }, spec: { ...spec, leaseTransitions } },
    )
    return true
  }

  const beat = async (): Promise<void> => {
    const startedAt = clock.monotonic()
    try {
      if (await claim()) {
        renewedAt = startedAt
        acquired.resolve()
      } else if (renewedAt !== undefined) return lost.resolve()
    } catch (error) {
      const conflict = error instanceof KubernetesApiError && error.status === 409
      if (!conflict) logger.warn({ lease: name, err: error }, 'lease not renewed')
    }
    // Stop before another may start: the last third of the lease is the margin.
    if (renewedAt !== undefined && clock.monotonic() - renewedAt > (leaseSeconds * 1000 * 2) / 3)
      return lost.resolve()
    if (!released) cancel = clock.after((leaseSeconds * 1000) / 6, () => void beat())
  }
  void beat()

  return {
    acquired: acquired.promise,
    lost: lost.promise,
    async release() {
      released = true
      cancel()
      if (renewedAt === undefined) return
      await resources
        .patch(leaseType, { namespace, name }, { spec: { holderIdentity: null } })
        .catch(() => undefined)
    },
  }
}
