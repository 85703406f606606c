/** Where a Service or Pod can really be reached: endpoints that a controller filled, host ports a node agent announced. */
import { asArray, asObject, asString, isObject, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { badRequest, notFound, serviceUnavailable } from '../status-error.ts'
import type { StatusError } from '../status-error.ts'
import type { Store } from '../storage/store.ts'

export interface Target {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
}

/** `[scheme:]name[:port]`, as it stands in a proxy path. */
export function parseProxyName(text: string): {
  readonly scheme: 'http' | 'https'
  readonly name: string
  readonly port: string
} {
  const parts = text.split(':')
  const scheme =
    parts.length === 3 || (parts.length === 2 && /^https?$/.test(parts[0] ?? '')) ? parts.shift() : ''
  if (parts.length > 2 || (scheme !== '' && scheme !== 'http' && scheme !== 'https'))
    throw badRequest(`invalid proxy name ${JSON.stringify(text)}: must be [scheme:]name[:port]`)
  return { scheme: scheme === 'https' ? 'https' : 'http', name: parts[0] ?? '', port: parts[1] ?? '' }
}

const noEndpoints = (name: string): StatusError =>
  serviceUnavailable(`no endpoints available for service "${name}"`)

function servicePort(service: JsonObject, wanted: string): JsonObject {
  const ports = asArray(valueAt(service, 'spec', 'ports')).map(asObject)
  const found =
    wanted === ''
      ? ports.length === 1
        ? ports[0]
        : ports.find((port) => asString(port['name']) === '')
      : ports.find((port) => port['name'] === wanted || String(port['port']) === wanted)
  if (found === undefined) {
    const name = asString(valueAt(service, 'metadata', 'name'))
    throw serviceUnavailable(`no service port ${JSON.stringify(wanted)} found for service "${name}"`)
  }
  return found
}

export function serviceTarget({
  store,
  namespace,
  name,
  port,
  scheme,
}: {
  store: Store
  namespace: string
  name: string
  port: string
  scheme: 'http' | 'https'
}): Target {
  const service = store.get({ bucket: '/services', namespace, name })
  if (service === undefined) throw notFound({ group: '', resource: 'services' }, name)
  const portName = asString(servicePort(service.object, port)['name'])
  const byName = (ports: JsonValue | undefined): number | undefined => {
    const found = asArray(ports)
      .map(asObject)
      .find((entry) => asString(entry['name']) === portName)
    return typeof found?.['port'] === 'number' ? found['port'] : undefined
  }
  const targets: Target[] = []
  for (const { object } of store.list({ bucket: 'discovery.k8s.io/endpointslices', namespace })) {
    if (valueAt(object, 'metadata', 'labels', 'kubernetes.io/service-name') !== name) continue
    const number = byName(object['ports'])
    if (number === undefined) continue
    for (const raw of asArray(object['endpoints'])) {
      const endpoint = asObject(raw)
      if (valueAt(endpoint, 'conditions', 'ready') === false) continue
      for (const host of asArray(endpoint['addresses']))
        targets.push({ scheme, host: asString(host), port: number })
    }
  }
  if (targets.length === 0) {
    const endpoints = store.get({ bucket: '/endpoints', namespace, name })
    for (const raw of asArray(endpoints?.object['subsets'])) {
      const number = byName(asObject(raw)['ports'])
      if (number === undefined) continue
      for (const address of asArray(asObject(raw)['addresses']))
        targets.push({ scheme, host: asString(asObject(address)['ip']), port: number })
    }
  }
  const chosen = targets[Math.floor(Math.random() * targets.length)]
  if (chosen === undefined) throw noEndpoints(name)
  return chosen
}

export function podTarget({
  store,
  namespace,
  name,
  port,
  scheme,
}: {
  store: Store
  namespace: string
  name: string
  port: string
  scheme: 'http' | 'https'
}): Target {
  const pod = store.get({ bucket: '/pods', namespace, name })
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name)
  const ports = asArray(valueAt(pod.object, 'spec', 'containers')).flatMap((container) =>
    asArray(asObject(container)['ports']).map(asObject),
  )
  const declared =
    port === ''
      ? ports[0]
      : ports.find((entry) => entry['name'] === port || String(entry['containerPort']) === port)
  const number =
    typeof declared?.['containerPort'] === 'number'
      ? declared['containerPort']
      : Number(port === '' ? 80 : port)
  if (!Number.isInteger(number)) throw badRequest(`pod "${name}" has no port ${JSON.stringify(port)}`)
  // Processes of one machine share its ports, so a node agent says which one a container really got.
  const announced: unknown = JSON.parse(
    asString(valueAt(pod.object, 'metadata', 'annotations', 'local-kube.dev/host-ports')) || '{}',
  )
  const hostPort = isObject(announced) ? Number(announced[String(number)]) : NaN
  if (Number.isInteger(hostPort)) return { scheme, host: '127.0.0.1', port: hostPort }
  const host = asString(valueAt(pod.object, 'status', 'podIP'))
  if (host === '') throw serviceUnavailable(`pod "${name}" has no address yet`)
  return { scheme, host, port: number }
}
