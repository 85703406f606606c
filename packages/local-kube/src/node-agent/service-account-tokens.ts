// Projected service account tokens of one pod: asked for through TokenRequest, bound to the pod, renewed when four
// fifths of their life are over. A token that cannot be had is asked for again; the volume waits for the first one.

import { isNotFound } from '../client/api-error.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Pod, VolumeProjection } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { kinds } from '../client/resource-kind.ts'

type TokenSource = NonNullable<VolumeProjection['serviceAccountToken']>

export interface PodTokens {
  /** After the first try for each token; failures go on being retried in the background. */
  readonly tried: Promise<void>
  get(source: TokenSource): string | undefined
  close(): void
}

const keyOf = ({ audience = '', expirationSeconds = 3600 }: TokenSource): string =>
  `${expirationSeconds} ${audience}`

export function requestPodTokens({
  client,
  pod,
  logger,
  onChange,
}: {
  readonly client: KubeClient
  readonly pod: Pod
  readonly logger: Logger
  readonly onChange: () => void
}): PodTokens {
  const tokens = new Map<string, string>()
  const timers = new Map<string, NodeJS.Timeout>()
  const { namespace, name, uid } = pod.metadata
  const serviceAccount = pod.spec.serviceAccountName || 'default'
  let closed = false

  const obtain = async (source: TokenSource, failures = 0): Promise<void> => {
    let delay: number
    let again = 0
    try {
      const reply = await client.create<{ status: { token: string; expirationTimestamp: string } }>({
        kind: kinds.serviceAccounts,
        namespace,
        name: serviceAccount,
        subresource: 'token',
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(source.audience && { audiences: [source.audience] }),
            expirationSeconds: source.expirationSeconds ?? 3600,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        },
      })
      tokens.set(keyOf(source), reply.status.token)
      delay = (Date.parse(reply.status.expirationTimestamp) - Date.now()) * (0.75 + Math.random() * 0.05)
    } catch (error) {
      again = failures + 1
      delay = Math.min(100 * 2 ** failures, 10_000)
      const level = isNotFound(error) ? 'debug' : 'warn'
      logger[level](
        { namespace, pod: name, serviceAccount, error: String(error) },
        'no service account token yet',
      )
    }
    if (closed) return
    const timer = setTimeout(
      () => void obtain(source, again).then(onChange),
      Math.min(Math.max(delay, 100), 2 ** 31 - 1),
    )
    timers.set(keyOf(source), timer)
  }

  const sources = new Map<string, TokenSource>()
  for (const volume of pod.spec.volumes ?? []) {
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken !== undefined) sources.set(keyOf(serviceAccountToken), serviceAccountToken)
    }
  }

  return {
    tried: Promise.all([...sources.values()].map((source) => obtain(source))).then(() => undefined),
    get: (source) => tokens.get(keyOf(source)),
    close() {
      closed = true
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}
