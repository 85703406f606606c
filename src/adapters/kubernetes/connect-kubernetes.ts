// Opens the connection to a Kubernetes API server, from a kubeconfig or from inside a pod.

import { readFileSync } from 'node:fs'
import { Agent } from 'undici'
import type { Resources } from '../../ports/resources.ts'
import { httpResources } from './http-resources.ts'
import { bearerFromFile, parseKubeconfig, type ClusterAccess } from './kubeconfig.ts'
import { connectByPlugin } from './plugin-credentials.ts'
import { openTransport, type Transport } from './transport.ts'

type KubernetesSource =
  | {
      /** The kubeconfig's text. */
      readonly kubeconfig: string
      readonly context?: string
      /** Where relative file names in it start. */
      readonly directory?: string
    }
  | {
      readonly inCluster: {
        /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
        readonly host: string
        readonly port: string
        readonly credentials?: string
      }
    }

export interface KubernetesConnection extends Resources {
  readonly server: string
  /** The raw exchange below the port: tables, logs and proxied paths for the CLI. */
  readonly transport: Transport
  /** Ends every request, watches included. */
  close(): Promise<void>
}

const podCredentials = '/var/run/secrets/kubernetes.io/serviceaccount'
const userAgent = 'kubeswarm-operator'

export const connectKubernetes = async (source: KubernetesSource): Promise<KubernetesConnection> => {
  const transport = await openFrom(source)
  return { ...httpResources(transport), server: transport.server, transport, close: () => transport.close() }
}

const openFrom = async (source: KubernetesSource): Promise<Transport> => {
  if ('inCluster' in source) return openPlain(podAccess(source.inCluster))
  const { kubeconfig, context, directory } = source
  const parsed = parseKubeconfig({
    source: kubeconfig,
    ...(context === undefined ? {} : { context }),
    ...(directory === undefined ? {} : { directory }),
  })
  if (parsed.type === 'plain') return openPlain(parsed.access)
  const access = await connectByPlugin({ source: kubeconfig, ...(context === undefined ? {} : { context }) })
  return openTransport({ ...access, userAgent, close: async () => (await access.dispatcher()).destroy() })
}

const openPlain = ({ server, tls, authorization }: ClusterAccess): Transport => {
  // Watches keep their connection for minutes, so connections are not limited in number.
  const agent = new Agent({ connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 15_000 } })
  return openTransport({
    server,
    dispatcher: () => agent,
    authorization: () => authorization?.(),
    userAgent,
    close: () => agent.destroy(),
  })
}

const podAccess = ({
  host,
  port,
  credentials = podCredentials,
}: {
  readonly host: string
  readonly port: string
  readonly credentials?: string
}): ClusterAccess => ({
  server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
  tls: { ca: readFileSync(`${credentials}/ca.crt`, 'utf8') },
  authorization: bearerFromFile(`${credentials}/token`),
})
