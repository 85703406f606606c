/** Calls the validating and mutating webhooks that Kubernetes objects configure. */
import { randomUUID } from 'node:crypto'
import type { Agent } from 'undici'
import { serviceTarget } from '../http/service-target.ts'
import { asArray, asObject, asString, isObject, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import type { Registry } from '../resources/registry.ts'
import { labelSelectorMatches } from '../resources/selectors.ts'
import { evaluateCondition } from '../schema/cel-rules.ts'
import { StatusError, internalError } from '../status-error.ts'
import type { Store } from '../storage/store.ts'
import type { Admission, AdmissionRequest } from './admission.ts'

const GROUP = 'admissionregistration.k8s.io'
type ConfigurationKind = 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations'

export class Webhooks implements Admission {
  readonly #store: Store
  readonly #agents = new Map<string, Agent>()

  constructor({ store }: { store: Store; registry: Registry }) {
    this.#store = store
  }

  #matching(kind: ConfigurationKind, request: AdmissionRequest): readonly JsonObject[] {
    // Configurations are not themselves subject to webhooks, or a bad one could never be removed.
    if (request.resource.group === GROUP) return []
    return this.#store
      .list({ bucket: `${GROUP}/${kind}` })
      .flatMap(({ object }) => asArray(object['webhooks']).map(asObject))
      .filter((webhook) => this.#matches(webhook, request))
  }

  #matches(webhook: JsonObject, request: AdmissionRequest): boolean {
    const { resource, operation, subresource } = request
    const plural = subresource === '' ? resource.plural : `${resource.plural}/${subresource}`
    const has = (list: JsonValue | undefined, value: string): boolean =>
      asArray(list).some((item) => item === '*' || item === value)
    const rules = asArray(webhook['rules']).map(asObject)
    const byRule = rules.some((rule) => {
      const scope = asString(rule['scope']) || '*'
      if (scope !== '*' && (scope === 'Namespaced') !== resource.namespaced) return false
      const resources = asArray(rule['resources']).map(asString)
      const named = resources.some(
        (item) =>
          item === '*/*' ||
          item === plural ||
          (item === '*' && subresource === '') ||
          item === `${resource.plural}/*` ||
          (item === `*/${subresource}` && subresource !== ''),
      )
      return (
        named &&
        has(rule['operations'], operation) &&
        has(rule['apiGroups'], resource.group) &&
        has(rule['apiVersions'], resource.version)
      )
    })
    if (!byRule) return false
    const namespaceSelector = webhook['namespaceSelector']
    const isNamespace = resource.group === '' && resource.kind === 'Namespace'
    if (resource.namespaced || isNamespace) {
      const name = isNamespace ? request.name : request.namespace
      const namespace = this.#store.latest({ bucket: '/namespaces', namespace: '', name })
      const labels = asObject(
        valueAt(
          isNamespace && request.object !== undefined ? request.object : namespace?.object,
          'metadata',
          'labels',
        ),
      )
      if (!labelSelectorMatches(namespaceSelector, labels)) return false
    }
    const selector = webhook['objectSelector']
    const labelsOf = (object: JsonObject | undefined): boolean =>
      object !== undefined && labelSelectorMatches(selector, asObject(valueAt(object, 'metadata', 'labels')))
    return labelsOf(request.object) || labelsOf(request.old)
  }

  async mutate(request: AdmissionRequest): Promise<JsonObject | undefined> {
    let object = request.object
    for (const webhook of this.#matching('mutatingwebhookconfigurations', request)) {
      const response = await this.#call(webhook, { ...request, object })
      const patch = asString(response?.['patch'])
      if (patch === '' || object === undefined) continue
      const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as JsonValue
      object = applyJsonPatch(object, operations)
    }
    return object
  }

  async validate(request: AdmissionRequest): Promise<void> {
    await Promise.all(
      this.#matching('validatingwebhookconfigurations', request).map((webhook) =>
        this.#call(webhook, request),
      ),
    )
  }

  /** Returns the response of a webhook that allows; throws when it refuses, or fails under `failurePolicy: Fail`. */
  async #call(webhook: JsonObject, request: AdmissionRequest): Promise<JsonObject | undefined> {
    const name = asString(webhook['name'])
    if (request.dryRun && !['None', 'NoneOnDryRun'].includes(asString(webhook['sideEffects']))) {
      throw new StatusError({
        code: 400,
        reason: 'BadRequest',
        message: `admission webhook "${name}" does not support dry run`,
      })
    }
    let response: JsonObject
    try {
      if (!meetsConditions(webhook, request)) return undefined
      response = await this.#ask(webhook, request)
    } catch (error) {
      if (webhook['failurePolicy'] === 'Ignore') return undefined
      throw internalError(
        `failed calling webhook "${name}": failed to call webhook: ${(error as Error).message}`,
      )
    }
    for (const warning of asArray(response['warnings'])) request.warn(asString(warning))
    if (response['allowed'] === true) return response
    throw denial(name, asObject(response['status']))
  }

  async #ask(webhook: JsonObject, request: AdmissionRequest): Promise<JsonObject> {
    const uid = randomUUID()
    const config = asObject(webhook['clientConfig'])
    const { url: address, agent } = await this.#target(config)
    const { request: httpRequest } = await import('undici')
    const seconds = Number(webhook['timeoutSeconds'] ?? 10)
    const url = new URL(address)
    url.searchParams.set('timeout', `${seconds}s`)
    const { statusCode, body } = await httpRequest(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({
        kind: 'AdmissionReview',
        apiVersion: 'admission.k8s.io/v1',
        request: reviewOf(request, uid),
      }),
      signal: AbortSignal.timeout(seconds * 1000),
    }).catch((error: unknown) => {
      throw new Error(`Post "${url.href}": ${transportFault(error)}`, { cause: error })
    })
    const text = await body.text()
    if (statusCode !== 200)
      throw new Error(
        `an error on the server (${JSON.stringify(text.slice(0, 200))}) has prevented the request from succeeding`,
      )
    const review = JSON.parse(text) as JsonObject
    const response = review['response']
    if (!isObject(response)) throw new Error('webhook response was absent')
    if (response['uid'] !== uid)
      throw new Error(`expected response.uid="${uid}", got "${asString(response['uid'])}"`)
    return response
  }

  async #target(config: JsonObject): Promise<{ readonly url: string; readonly agent: Agent }> {
    const ca =
      asString(config['caBundle']) === ''
        ? undefined
        : Buffer.from(asString(config['caBundle']), 'base64').toString('utf8')
    const url = asString(config['url'])
    if (url !== '') return { url, agent: await this.#agent(ca, undefined) }
    const service = asObject(config['service'])
    const namespace = asString(service['namespace'])
    const name = asString(service['name'])
    const target = serviceTarget({
      store: this.#store,
      namespace,
      name,
      port: String(service['port'] ?? 443),
      scheme: 'https',
    })
    const path = asString(service['path']).replace(/^\//, '')
    return {
      url: `https://${target.host}:${target.port}/${path}`,
      agent: await this.#agent(ca, `${name}.${namespace}.svc`),
    }
  }

  async #agent(ca: string | undefined, servername: string | undefined): Promise<Agent> {
    const { Agent } = await import('undici')
    const key = `${servername ?? ''} ${ca ?? ''}`
    let agent = this.#agents.get(key)
    if (agent === undefined) {
      agent = new Agent({
        connect: { ...(ca === undefined ? {} : { ca }), ...(servername === undefined ? {} : { servername }) },
      })
      this.#agents.set(key, agent)
    }
    return agent
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()))
  }
}

/** A connection that failed, in the words of the Go library that operators search for. */
function transportFault(error: unknown): string {
  const { code, address, port, message, name } = error as NodeJS.ErrnoException & {
    readonly address?: string
    readonly port?: number
  }
  if (code === 'ECONNREFUSED') return `dial tcp ${address ?? ''}:${port ?? ''}: connect: connection refused`
  return name === 'TimeoutError' ? 'context deadline exceeded' : message
}

function reviewOf(request: AdmissionRequest, uid: string): JsonObject {
  const { resource, operation, namespace, name, object, old, user, dryRun, options, subresource } = request
  const kind = { group: resource.group, version: resource.version, kind: resource.kind }
  const plural = { group: resource.group, version: resource.version, resource: resource.plural }
  return {
    uid,
    kind,
    resource: plural,
    requestKind: kind,
    requestResource: plural,
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    name,
    ...(resource.namespaced ? { namespace } : {}),
    operation,
    userInfo: {
      username: user.username,
      groups: [...user.groups],
      ...(user.uid === undefined ? {} : { uid: user.uid }),
    },
    object: object ?? null,
    oldObject: old ?? null,
    dryRun,
    options,
  }
}

/** A condition that cannot be evaluated fails the call, which `failurePolicy` then judges. */
function meetsConditions(webhook: JsonObject, request: AdmissionRequest): boolean {
  const review = reviewOf(request, '')
  const variables = { object: request.object ?? null, oldObject: request.old ?? null, request: review }
  return asArray(webhook['matchConditions']).every((condition) =>
    evaluateCondition(asString(asObject(condition)['expression']), variables),
  )
}

function denial(webhook: string, status: JsonObject): StatusError {
  const message = asString(status['message'])
  const reason = asString(status['reason'])
  const denied = `admission webhook "${webhook}" denied the request`
  const text =
    message !== ''
      ? `${denied}: ${message}`
      : reason !== ''
        ? `${denied}: ${reason}`
        : `${denied} without explanation`
  const code = typeof status['code'] === 'number' && status['code'] >= 400 ? status['code'] : 400
  const details = status['details']
  return new StatusError({
    code,
    reason,
    message: text,
    ...(isObject(details) ? { details: details as never } : {}),
  })
}
