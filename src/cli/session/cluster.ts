// The cluster a command talks to: found the way kubectl finds it (--kubeconfig, KUBECONFIG, ~/.kube/config), and
// before the last of these the embedded cluster that `swarm dev` left its kubeconfig for.

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parse } from 'yaml'
import { connectKubernetes, type KubernetesConnection } from '../../adapters/kubernetes/connect-kubernetes.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import { developmentKubeconfig } from '../../processes/dev/state-directory.ts'

export interface ClusterOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

export interface Cluster {
  readonly connection: KubernetesConnection
  /** From -n, else the context's, else `default`. */
  readonly namespace: string
  readonly kubeconfigPath: string
}

export const openCluster = async ({ kubeconfig, context, namespace }: ClusterOptions): Promise<Cluster> => {
  const path = kubeconfigPath(kubeconfig)
  const text = readKubeconfig(path)
  const connection = await connectKubernetes({
    kubeconfig: text,
    directory: dirname(path),
    ...(context === undefined ? {} : { context }),
  })
  return {
    connection,
    namespace: namespace ?? contextNamespace(text, context) ?? 'default',
    kubeconfigPath: path,
  }
}

/** Runs `work` on the cluster, closes the connection, and turns "nobody answers" into what to do about it. */
export const withCluster = async <T>(
  options: ClusterOptions,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> => {
  const cluster = await openCluster(options)
  try {
    return await work(cluster)
  } catch (error) {
    if (error instanceof KubernetesApiError && error.status === 0) throw noServer(cluster, error)
    throw error
  } finally {
    await cluster.connection.close()
  }
}

const noServer = ({ connection, kubeconfigPath: path }: Cluster, cause: KubernetesApiError) =>
  new KubeswarmError({
    code: 'KubernetesApi',
    message: `cannot reach the Kubernetes API at ${connection.server} (kubeconfig ${path}): ${causeOf(cause)}`,
    remedy: 'start an embedded cluster with "swarm dev", or point KUBECONFIG at a running one',
    cause,
  })

/** `connect ECONNREFUSED 127.0.0.1:6443`, without the call that met it. */
const causeOf = ({ cause, message }: KubernetesApiError): string =>
  cause instanceof Error && cause.message !== '' ? cause.message : message

const kubeconfigPath = (explicit: string | undefined): string => {
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  // Where KUBECONFIG is set it decides: another cluster than the one it names would be the wrong one.
  const candidates = named.length > 0 ? named : [developmentKubeconfig(), join(homedir(), '.kube/config')]
  const chosen = explicit ?? candidates.find((path) => existsSync(path))
  if (chosen !== undefined && existsSync(chosen)) return chosen
  if (explicit === undefined && named.length > 0)
    throw new KubeswarmError({
      code: 'KubernetesApi',
      message: `cannot find a cluster: KUBECONFIG names ${named.map((path) => `"${path}"`).join(', ')}, and there is no such file`,
      remedy: 'start "swarm dev" and export the KUBECONFIG line it prints, or unset KUBECONFIG',
    })
  throw new KubeswarmError({
    code: 'KubernetesApi',
    message:
      chosen === undefined
        ? 'cannot find a cluster: no kubeconfig and no running "swarm dev"'
        : `cannot read kubeconfig "${chosen}": no such file`,
    remedy: 'start an embedded cluster with "swarm dev", or set KUBECONFIG',
  })
}

const readKubeconfig = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new KubeswarmError({
      code: 'KubernetesApi',
      message: `cannot read kubeconfig "${path}": ${(cause as Error).message}`,
      remedy: 'name a kubeconfig file with --kubeconfig or KUBECONFIG',
      cause,
    })
  }
}

const contextNamespace = (text: string, context: string | undefined): string | undefined => {
  const config = parse(text) as {
    'current-context'?: string
    contexts?: { name?: string; context?: { namespace?: string } }[]
  } | null
  const name = context ?? config?.['current-context']
  return config?.contexts?.find((entry) => entry.name === name)?.context?.namespace
}
