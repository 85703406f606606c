// The hub as a person's command meets it: journals and outputs, and a word about an unknown outcome, with the caller's
// own Kubernetes identity.

import type { Readable } from 'node:stream'
import { request } from 'undici'
import { KubeswarmError, type ErrorCode } from '../../domain/error.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import type { AuditEntry } from '../../domain/journal/audit.ts'
import {
  paths,
  type ErrorReply,
  type ResolveReply,
  type ResolveRequest,
  type Verification,
  type DeliveriesReply,
  type QueueReply,
} from '../../hub/wire.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import type { Cluster } from './cluster.ts'

export interface HubReader {
  readonly url: string
  /** What answers instead of the models that agents name, where something does. */
  readonly modelOverride: string | undefined
  /** Records in order. With `follow`, ends after the run does; otherwise after what is there. */
  journal(request: {
    readonly run: string
    /** Tells a run from an earlier one of the same name. */
    readonly uid?: string
    readonly follow: boolean
    readonly signal?: AbortSignal
  }): AsyncIterable<JournalRecord>
  /** Of a webhook event, newest first. */
  deliveries(request: { readonly event: string; readonly limit: string }): Promise<DeliveriesReply>
  queue(request: { readonly agent: string }): Promise<QueueReply>
  stepOutput(request: { readonly run: string; readonly step: string }): Promise<string>
  /** Of the namespace, or of all: the newest `limit` that match, in the order of time. */
  audit(request: AuditQuestion & { readonly allNamespaces: boolean }): AsyncIterable<AuditEntry>
  /** One answer for each run, the newest first. */
  verification(request: {
    readonly run?: string
    readonly since?: string
    readonly allNamespaces: boolean
  }): AsyncIterable<Verification>
  resolve(request: ResolveRequest & { readonly run: string }): Promise<ResolveReply>
}

export interface AuditQuestion {
  readonly run?: string
  readonly agent?: string
  readonly tool?: string
  readonly status?: string
  /** RFC 3339. */
  readonly since?: string
  readonly limit?: number
}

/** ConfigMap that operator and embedded cluster publish: where people's tools find the hub. */
export const endpointsConfigMap = { namespace: 'kubeswarm-system', name: 'kubeswarm-endpoints' } as const

interface EndpointsConfigMap extends KubernetesObject {
  readonly data?: {
    readonly hubUrl?: string
    readonly webhookBaseUrl?: string
    readonly modelOverride?: string
  }
}

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'InvalidInput',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'InvalidInput',
}

export const openHub = async ({ connection, namespace }: Cluster): Promise<HubReader> => {
  const configMap = await connection.get<EndpointsConfigMap>(
    { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
    endpointsConfigMap,
  )
  const url = configMap?.data?.hubUrl
  if (url === undefined) {
    throw new KubeswarmError({
      code: 'HubUnavailable',
      message: `cannot find the hub: ConfigMap ${endpointsConfigMap.namespace}/${endpointsConfigMap.name} has no hubUrl on ${connection.server}`,
      remedy: 'is kubeswarm installed in this cluster? On a laptop: swarm dev',
    })
  }
  const send = async (
    path: string,
    { body, signal }: { body?: object; signal?: AbortSignal | undefined } = {},
  ) => {
    const authorization = await connection.transport.authorization()
    const response = await request(url + path, {
      headers: authorization === undefined ? {} : { authorization },
      ...(body === undefined ? {} : { method: 'POST' as const, body: JSON.stringify(body) }),
      bodyTimeout: 0,
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      throw new KubeswarmError({
        code: 'HubUnavailable',
        message: `cannot reach the hub at ${url}: ${(cause as Error).message}`,
        remedy: "is it running? On a laptop: swarm dev; in a cluster look at the hub's pods",
        cause,
      })
    })
    if (response.statusCode === 200) return response.body
    const reply = (await response.body.json().catch(() => undefined)) as ErrorReply | undefined
    throw new KubeswarmError({
      code: codeByStatus[response.statusCode] ?? 'HubUnavailable',
      message: reply?.error.message ?? `hub answered ${response.statusCode} for ${path}`,
      ...(reply?.error.remedy === undefined ? {} : { remedy: reply.error.remedy }),
    })
  }
  const at = (path: string, names: Readonly<Record<string, string>>) =>
    path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(names[name] ?? ''))

  return {
    url,
    modelOverride: configMap?.data?.modelOverride,
    async *journal({ run, uid, follow, signal }) {
      const query = new URLSearchParams({
        ...(follow ? { follow: 'true' } : {}),
        ...(uid === undefined ? {} : { uid }),
      })
      const path = `${at(paths.journal, { namespace, name: run })}?${query.toString()}`
      yield* linesOf<JournalRecord>(await send(path, { signal }))
    },
    async *audit({ allNamespaces, ...query }) {
      const path = allNamespaces ? paths.auditOfAll : at(paths.audit, { namespace })
      yield* linesOf<AuditEntry>(await send(`${path}?${queryOf(query)}`))
    },
    async *verification({ allNamespaces, ...query }) {
      const path = allNamespaces ? paths.verificationOfAll : at(paths.verification, { namespace })
      yield* linesOf<Verification>(await send(`${path}?${queryOf(query)}`))
    },
    async deliveries({ event, limit }) {
      const query = new URLSearchParams({ limit })
      const body = await send(`${at(paths.deliveries, { namespace, event })}?${query.toString()}`)
      return (await body.json()) as DeliveriesReply
    },
    async queue({ agent }) {
      const body = await send(at(paths.queue, { namespace, name: agent }))
      return (await body.json()) as QueueReply
    },
    async stepOutput({ run, step }) {
      return (await send(at(paths.stepOutput, { namespace, name: run, step }))).text()
    },
    async resolve({ run, ...body }) {
      return (
        await send(at(paths.resolve, { namespace, name: run }), { body })
      ).json() as Promise<ResolveReply>
    },
  }
}

const queryOf = (query: Readonly<Record<string, string | number | undefined>>): string =>
  new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)] as [string, string]],
    ),
  ).toString()

async function* linesOf<T>(body: Readable): AsyncGenerator<T> {
  let rest = ''
  for await (const chunk of body.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T
  }
}
