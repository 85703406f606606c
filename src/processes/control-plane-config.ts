// What operator and hub need to know, read once from the environment. Every fault names its variable.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { connectKubernetes } from '../adapters/kubernetes/connect-kubernetes.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { Environment } from './agent-config.ts'
import { listenHost } from './listen-host.ts'
import { image } from './version.ts'

export interface ControlPlaneConfig {
  readonly cluster: Parameters<typeof connectKubernetes>[0]
  /** PostgreSQL; without it a file in the state directory. */
  readonly databaseUrl?: string
  readonly stateDirectory?: string
  readonly host: string
  readonly hubPort: number
  /** Where agents find the hub; without it at the address it listens on. */
  readonly hubUrl?: string
  /** Where senders find the webhooks; without it at the hub's. */
  readonly webhookBaseUrl?: string
  readonly leaseMs?: number
  /** Of the operator's own objects. */
  readonly namespace: string
  /** Of this replica, when several elect a leader. */
  readonly identity?: string
  readonly agentImage: string
  /** Sends all agents to one model endpoint. */
  readonly modelBaseUrl?: string
  /** Service through which the API server reaches admission, `namespace/name`; without it by URL. */
  readonly admissionService?: { readonly namespace: string; readonly name: string }
  /** Undefined: none, and the gate at run time alone holds the rules. */
  readonly admissionPort?: number
  /** `host:port` that notifications may go to although it is private. */
  readonly notifyAllow?: readonly string[]
  readonly logLevel: string
  readonly crashPlan?: string
}

const defaultAdmissionPort = 9443

export const controlPlaneConfigFrom = (environment: Environment): ControlPlaneConfig => {
  const read = (variable: string): string | undefined => {
    const value = environment[variable]?.trim()
    return value === '' ? undefined : value
  }
  const whole = (variable: string): number | undefined => {
    const text = read(variable)
    if (text === undefined) return undefined
    const value = Number(text)
    if (Number.isInteger(value) && value >= 0) return value
    throw wrong(variable, text, 'a whole number')
  }
  const optional = <K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } =>
    (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T }

  const leaseSeconds = whole('KUBESWARM_LEASE_SECONDS')
  const service = read('KUBESWARM_ADMISSION_SERVICE')
  const [namespace, name] = service?.split('/') ?? []
  if (service !== undefined && (namespace === undefined || name === undefined))
    throw wrong('KUBESWARM_ADMISSION_SERVICE', service, '<namespace>/<name> of a Service')
  return {
    cluster: clusterOf(read),
    host: listenHost(environment),
    hubPort: whole('KUBESWARM_HUB_PORT') ?? 8092,
    namespace: read('KUBESWARM_NAMESPACE') ?? 'kubeswarm-system',
    agentImage: read('KUBESWARM_AGENT_IMAGE') ?? image,
    logLevel: read('LOG_LEVEL') ?? 'info',
    ...optional('databaseUrl', read('KUBESWARM_DATABASE_URL')),
    ...optional('stateDirectory', read('KUBESWARM_STATE_DIRECTORY')),
    ...optional('hubUrl', read('KUBESWARM_HUB_URL')),
    ...optional('webhookBaseUrl', read('KUBESWARM_WEBHOOK_BASE_URL')),
    ...optional('leaseMs', leaseSeconds === undefined ? undefined : leaseSeconds * 1000),
    ...optional('identity', read('POD_NAME')),
    ...optional('modelBaseUrl', read('KUBESWARM_MODEL_BASE_URL')),
    ...optional(
      'admissionService',
      namespace === undefined || name === undefined ? undefined : { namespace, name },
    ),
    ...optional(
      'admissionPort',
      read('KUBESWARM_ADMISSION_PORT') === 'off'
        ? undefined
        : (whole('KUBESWARM_ADMISSION_PORT') ?? defaultAdmissionPort),
    ),
    ...optional('notifyAllow', endpointsOf(read('KUBESWARM_NOTIFY_ALLOW'))),
    ...optional('crashPlan', read('KUBESWARM_CRASH_PLAN')),
  }
}

const endpointsOf = (text: string | undefined): readonly string[] | undefined => {
  const endpoints = text
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const bad = endpoints?.find((one) => !/^[^\s/@*]+:\d+$/.test(one))
  if (bad === undefined) return endpoints
  throw wrong('KUBESWARM_NOTIFY_ALLOW', bad, '<host>:<port>, several with commas between')
}

const clusterOf = (read: (variable: string) => string | undefined): ControlPlaneConfig['cluster'] => {
  const host = read('KUBERNETES_SERVICE_HOST')
  const path = read('KUBECONFIG')
  if (path !== undefined) {
    try {
      return { kubeconfig: readFileSync(path, 'utf8'), directory: dirname(path) }
    } catch {
      throw wrong('KUBECONFIG', path, 'a kubeconfig that can be read')
    }
  }
  if (host !== undefined) return { inCluster: { host, port: read('KUBERNETES_SERVICE_PORT') ?? '443' } }
  throw new KubeswarmError({
    code: 'KubernetesApi',
    message: 'cannot find a cluster: KUBECONFIG is not set, and this is no pod of a cluster',
    remedy: 'set KUBECONFIG, or start it in a pod with a ServiceAccount',
  })
}

const wrong = (variable: string, text: string, what: string): KubeswarmError =>
  new KubeswarmError({
    code: 'InvalidInput',
    message: `cannot start: ${variable} is "${text}"`,
    remedy: `set ${variable} to ${what}, or leave it out`,
  })
