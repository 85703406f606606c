/** `/api`, `/apis` and below: aggregated discovery for kubectl of today, plain discovery for everything else. */
import { createHash } from 'node:crypto'
import type { JsonObject, JsonValue } from '../json.ts'
import { compareVersions } from '../resources/registry.ts'
import type { Registry } from '../resources/registry.ts'
import type { Resource } from '../resources/resource.ts'
import { noSuchPath } from '../status-error.ts'
import type { Exchange } from './exchange.ts'

interface Verbs {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly group: string
  readonly version: string
}

/** Resources that are asked, not kept. */
const VIRTUAL: readonly Verbs[] = [
  ...[
    'selfsubjectaccessreviews/SelfSubjectAccessReview',
    'selfsubjectrulesreviews/SelfSubjectRulesReview',
    'subjectaccessreviews/SubjectAccessReview',
  ].map((text) => virtual('authorization.k8s.io', text)),
  {
    ...virtual('authorization.k8s.io', 'localsubjectaccessreviews/LocalSubjectAccessReview'),
    namespaced: true,
  },
  virtual('authentication.k8s.io', 'tokenreviews/TokenReview'),
  virtual('authentication.k8s.io', 'selfsubjectreviews/SelfSubjectReview'),
]

function virtual(group: string, text: string): Verbs {
  const [name = '', kind = ''] = text.split('/')
  return { name, kind, namespaced: false, verbs: ['create'], group, version: 'v1' }
}

interface Subresource {
  readonly name: string
  readonly kind: string
  readonly group: string
  readonly version: string
  readonly verbs: readonly string[]
}

function subresourcesOf(resource: Resource): readonly Subresource[] {
  const own = (
    name: string,
    verbs: readonly string[],
    kind = resource.kind,
    group = resource.group,
    version = resource.version,
  ): Subresource => ({ name, kind, group, version, verbs })
  const list: Subresource[] = []
  if (resource.hasStatus) list.push(own('status', ['get', 'patch', 'update']))
  if (resource.scale !== undefined)
    list.push(own('scale', ['get', 'patch', 'update'], 'Scale', 'autoscaling', 'v1'))
  const key = `${resource.group}/${resource.plural}`
  if (key === '/namespaces') list.push(own('finalize', ['update']))
  if (key === '/pods') {
    list.push(
      own('log', ['get']),
      own('proxy', ['create', 'delete', 'get', 'patch', 'update'], 'PodProxyOptions'),
    )
    list.push(own('binding', ['create'], 'Binding'))
  }
  if (key === '/services')
    list.push(own('proxy', ['create', 'delete', 'get', 'patch', 'update'], 'ServiceProxyOptions'))
  if (key === '/serviceaccounts')
    list.push(own('token', ['create'], 'TokenRequest', 'authentication.k8s.io', 'v1'))
  // Builtin kinds list them by name, custom resources as their definition does.
  return resource.custom === undefined ? list.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : list
}

interface Version {
  readonly group: string
  readonly version: string
  readonly resources: readonly Resource[]
  readonly virtual: readonly Verbs[]
}

function versionsOf(registry: Registry): readonly Version[] {
  const found = new Map<string, { group: string; version: string; resources: Resource[]; virtual: Verbs[] }>()
  const at = (group: string, version: string): { resources: Resource[]; virtual: Verbs[] } => {
    const key = `${group}/${version}`
    const entry = found.get(key) ?? { group, version, resources: [], virtual: [] }
    found.set(key, entry)
    return entry
  }
  for (const resource of registry.all()) at(resource.group, resource.version).resources.push(resource)
  for (const entry of VIRTUAL) at(entry.group, entry.version).virtual.push(entry)
  return [...found.values()]
}

const SAME = { group: '', version: '' }
const someOf = (name: string, list: readonly JsonValue[]): JsonObject =>
  list.length === 0 ? {} : { [name]: [...list] }

function aggregated(versions: readonly Version[], apiVersion: string): JsonObject {
  const groups = [...new Set(versions.map(({ group }) => group))]
  const entry = (
    verbs: readonly string[],
    name: string,
    kind: string,
    responds: { readonly group: string; readonly version: string },
    namespaced: boolean,
  ): JsonObject => ({
    resource: name,
    responseKind: { ...responds, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.toLowerCase(),
    verbs: [...verbs],
  })
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions
        .filter((version) => version.group === group)
        .sort((a, b) => compareVersions(a.version, b.version))
        .map(({ version, resources, virtual: asked }) => ({
          version,
          freshness: 'Current',
          resources: [
            ...resources.map((resource): JsonObject => ({
              ...entry(
                resource.verbs,
                resource.plural,
                resource.kind,
                // Builtin kinds leave out what the entry stands under.
                resource.custom === undefined ? SAME : { group, version },
                resource.namespaced,
              ),
              singularResource: resource.singular,
              ...(resource.shortNames.length > 0 ? { shortNames: [...resource.shortNames] } : {}),
              ...(resource.categories.length > 0 ? { categories: [...resource.categories] } : {}),
              ...someOf(
                'subresources',
                subresourcesOf(resource).map((sub) => ({
                  subresource: sub.name,
                  responseKind: {
                    ...(resource.custom === undefined && sub.group === group
                      ? SAME
                      : { group: sub.group, version: sub.version }),
                    kind: sub.kind,
                  },
                  verbs: [...sub.verbs],
                })),
              ),
            })),
            ...asked.map((resource) =>
              entry(resource.verbs, resource.name, resource.kind, SAME, resource.namespaced),
            ),
          ],
        })),
    })),
  }
}

function resourceList({ group, version, resources, virtual: asked }: Version): JsonObject {
  const plain: JsonValue[] = []
  for (const resource of resources) {
    plain.push({
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: [...resource.verbs],
      ...(resource.shortNames.length > 0 ? { shortNames: [...resource.shortNames] } : {}),
      ...(resource.categories.length > 0 ? { categories: [...resource.categories] } : {}),
      storageVersionHash: createHash('sha256')
        .update(`${group}/${version}/${resource.kind}`)
        .digest()
        .subarray(0, 8)
        .toString('base64'),
    })
    for (const sub of subresourcesOf(resource)) {
      plain.push({
        name: `${resource.plural}/${sub.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...(sub.group === group ? {} : { group: sub.group, version: sub.version }),
        kind: sub.kind,
        verbs: [...sub.verbs],
      })
    }
  }
  for (const { name, kind, namespaced, verbs } of asked)
    plain.push({ name, singularName: kind.toLowerCase(), namespaced, kind, verbs: [...verbs] })
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: plain,
  }
}

function apiGroup(group: string, versions: readonly Version[]): JsonObject {
  const sorted = versions
    .filter((version) => version.group === group)
    .map(({ version }) => version)
    .sort(compareVersions)
  const entries = sorted.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: entries, preferredVersion: entries[0] ?? null }
}

/** Returns false when the path is not discovery. */
export function answerDiscovery({ exchange, registry }: { exchange: Exchange; registry: Registry }): boolean {
  const parts = exchange.pathname.split('/').filter((part) => part !== '')
  const [root, first, second] = parts
  if ((root !== 'api' && root !== 'apis') || parts.length > (root === 'api' ? 2 : 3)) return false
  const versions = versionsOf(registry)
  if (parts.length === 1) {
    const wanted = exchange.accept.split(',').find((option) => option.includes('as=APIGroupDiscoveryList'))
    const mine = versions.filter(({ group }) => (group === '') === (root === 'api'))
    if (wanted !== undefined) {
      const beta = wanted.includes('v=v2beta1')
      const version = beta ? 'v2beta1' : 'v2'
      withEtag(
        exchange,
        aggregated(mine, `apidiscovery.k8s.io/${version}`),
        `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      )
      return true
    }
    if (root === 'api') {
      const serverAddress = exchange.request.headers.host ?? ''
      exchange.json({
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
      })
    } else {
      const groups = [...new Set(mine.map(({ group }) => group))]
      exchange.json({
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: groups.map((group) => apiGroup(group, mine)),
      })
    }
    return true
  }
  const group = root === 'api' ? '' : (first ?? '')
  if (root === 'apis' && parts.length === 2) {
    if (!versions.some((version) => version.group === group)) throw noSuchPath()
    exchange.json({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group, versions) })
    return true
  }
  const version = root === 'api' ? first : second
  const found = versions.find((entry) => entry.group === group && entry.version === version)
  if (found === undefined) throw noSuchPath()
  exchange.json(resourceList(found))
  return true
}

export function withEtag(exchange: Exchange, body: JsonObject, contentType: string): void {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').toUpperCase()}"`
  if (exchange.request.headers['if-none-match'] === etag) {
    exchange.response.writeHead(304, { ETag: etag, Vary: 'Accept' })
    exchange.response.end()
    return
  }
  exchange.json(body, { contentType, headers: { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' } })
}
