/**
 * `/openapi/v3`: an index and one document per group version. kubectl reads it for validation, explain and merge keys; the
 * `fieldValidation` parameter tells it that the server validates fields itself.
 */
import { createHash } from 'node:crypto'
import { rawDefinitions } from '../builtin/definitions.ts'
import { withEtag } from '../http/discovery.ts'
import type { Exchange } from '../http/exchange.ts'
import { asObject, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { Registry } from '../resources/registry.ts'
import type { Resource } from '../resources/resource.ts'
import { StatusError, noSuchRoute } from '../status-error.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const REF = '#/components/schemas/'

const prefixOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`

function schemaName(resource: Resource): string {
  if (resource.definition !== undefined) return resource.definition
  return `${resource.group.split('.').toReversed().join('.')}.${resource.version}.${resource.kind}`
}

/** Extensions that are ours alone do not belong in a published document. */
function published(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(published)
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const [key, child] of Object.entries(value)) {
    if (OURS.has(key) || child === undefined) continue
    // OpenAPI 3.0 allows nothing beside a $ref.
    if (key === '$ref' && Object.keys(value).length > 1) copy['allOf'] = [{ $ref: child }]
    else copy[key] = published(child)
  }
  if (value['x-go-struct'] === true) copy['default'] = {}
  return copy
}

const OURS = new Set(['x-any', 'x-quantity', 'x-go-struct', 'x-go-zero', 'x-go-required'])
const ZEROS: Readonly<Record<string, JsonValue>> = { string: '', integer: 0, boolean: false }

/** Kubernetes publishes what Go would leave in an element that is not set. */
function withElementDefaults(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withElementDefaults)
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined) continue
    const filled = withElementDefaults(child)
    copy[key] = filled
    if ((key !== 'items' && key !== 'additionalProperties') || !isObject(filled)) continue
    const zero = ZEROS[String(filled['type'])]
    if (filled['$ref'] !== undefined) copy[key] = { allOf: [{ $ref: filled['$ref'] }], default: {} }
    else if (zero !== undefined && filled['format'] === undefined) copy[key] = { ...filled, default: zero }
  }
  return copy
}

function collect(name: string, into: Record<string, JsonObject>): void {
  const definition = rawDefinitions()[name]
  if (definition === undefined || into[name] !== undefined) return
  into[name] = withElementDefaults(published(definition)) as JsonObject
  const visit = (value: JsonValue | undefined): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (isObject(value)) {
      const ref = value['$ref']
      if (typeof ref === 'string') collect(ref.slice(REF.length), into)
      Object.values(value).forEach(visit)
    }
  }
  visit(definition)
}

/** What is said of the fields that every kind has. */
const documented = (field: string): JsonValue =>
  asObject(asObject(rawDefinitions()['io.k8s.api.apps.v1.Deployment']?.['properties'])[field])[
    'description'
  ] ?? ''

function schemasOf(resource: Resource, into: Record<string, JsonObject>): void {
  const name = schemaName(resource)
  collect(`${META}.ObjectMeta`, into)
  collect(`${META}.ListMeta`, into)
  collect(`${META}.DeleteOptions`, into)
  collect(`${META}.Status`, into)
  const gvk = [{ group: resource.group, version: resource.version, kind: resource.kind }]
  if (resource.definition !== undefined) collect(name, into)
  else {
    const schema = resource.custom?.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    into[name] = {
      ...schema,
      properties: {
        ...asObject(schema['properties']),
        apiVersion: {
          type: 'string',
          description: documented('apiVersion'),
        },
        kind: {
          type: 'string',
          description: documented('kind'),
        },
        metadata: {
          description: documented('metadata'),
          allOf: [{ $ref: `${REF}${META}.ObjectMeta` }],
        },
      },
    }
  }
  into[name] = { ...into[name], 'x-kubernetes-group-version-kind': gvk }
  into[`${name}List`] = {
    type: 'object',
    description: `${resource.kind}List is a list of ${resource.kind}`,
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { allOf: [{ $ref: `${REF}${META}.ListMeta` }] },
      items: { type: 'array', items: { $ref: `${REF}${name}` } },
    },
    'x-kubernetes-group-version-kind': [
      { group: resource.group, version: resource.version, kind: resource.listKind },
    ],
  }
}

const parameter = (name: string): JsonObject => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
})
const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'].map(parameter)

function operation(
  resource: Resource,
  action: string,
  { body, answer, parameters = [] }: { body?: string; answer: string; parameters?: readonly JsonObject[] },
): JsonObject {
  const content = (name: string, types: readonly string[]): JsonObject =>
    Object.fromEntries(types.map((type) => [type, { schema: { $ref: REF + name } }]))
  const bodyTypes =
    action === 'patch'
      ? [
          'application/apply-patch+yaml',
          'application/json-patch+json',
          'application/merge-patch+json',
          ...(resource.definition === undefined ? [] : ['application/strategic-merge-patch+json']),
        ]
      : ['*/*']
  return {
    operationId: `${action}-${resource.group}-${resource.version}-${resource.plural}`,
    parameters: [...parameters],
    ...(body === undefined ? {} : { requestBody: { content: content(body, bodyTypes), required: true } }),
    responses: { '200': { description: 'OK', content: content(answer, ['application/json']) } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': {
      group: resource.group,
      version: resource.version,
      kind: resource.kind,
    },
  }
}

function pathsOf(resource: Resource): JsonObject {
  const root = `/${prefixOf(resource)}`
  const name = schemaName(resource)
  const collection = resource.namespaced
    ? `${root}/namespaces/{namespace}/${resource.plural}`
    : `${root}/${resource.plural}`
  const pathParameters = (withName: boolean): JsonValue[] => [
    ...(resource.namespaced
      ? [{ name: 'namespace', in: 'path', required: true, schema: { type: 'string' } }]
      : []),
    ...(withName ? [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }] : []),
  ]
  const list = operation(resource, 'list', {
    answer: `${name}List`,
    parameters: ['labelSelector', 'fieldSelector', 'watch'].map(parameter),
  })
  const item = {
    get: operation(resource, 'get', { answer: name }),
    put: operation(resource, 'put', { body: name, answer: name, parameters: WRITE_PARAMETERS }),
    patch: operation(resource, 'patch', {
      body: name,
      answer: name,
      parameters: [...WRITE_PARAMETERS, parameter('force')],
    }),
  }
  const paths: JsonObject = {
    [collection]: {
      get: list,
      post: operation(resource, 'post', { body: name, answer: name, parameters: WRITE_PARAMETERS }),
      parameters: pathParameters(false),
    },
    [`${collection}/{name}`]: {
      ...item,
      delete: operation(resource, 'delete', {
        body: `${META}.DeleteOptions`,
        answer: `${META}.Status`,
        parameters: [parameter('dryRun')],
      }),
      parameters: pathParameters(true),
    },
  }
  if (resource.namespaced) paths[`${root}/${resource.plural}`] = { get: list }
  if (resource.hasStatus) paths[`${collection}/{name}/status`] = { ...item, parameters: pathParameters(true) }
  return paths
}

/** Documents are built when asked for and kept until the served resources change. */
export class OpenApi {
  readonly #registry: Registry
  #generation = -1
  #documents = new Map<string, JsonObject>()
  #hashes = new Map<string, string>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  #document(prefix: string): JsonObject | undefined {
    if (this.#generation !== this.#registry.generation) {
      this.#generation = this.#registry.generation
      this.#documents = new Map()
      this.#hashes = new Map()
    }
    const known = this.#documents.get(prefix)
    if (known !== undefined) return known
    const resources = this.#registry.all().filter((resource) => prefixOf(resource) === prefix)
    if (resources.length === 0) return undefined
    const schemas: Record<string, JsonObject> = {}
    const paths: JsonObject = {}
    for (const resource of resources) {
      schemasOf(resource, schemas)
      Object.assign(paths, pathsOf(resource))
    }
    const document: JsonObject = {
      openapi: '3.0.0',
      info: { title: 'local-kube', version: 'v1.34.4' },
      paths,
      components: { schemas },
    }
    this.#documents.set(prefix, document)
    return document
  }

  /** The hash need only change with the content, so it is of what the content is made from. */
  #hash(prefix: string): string {
    if (this.#generation !== this.#registry.generation) this.#document(prefix)
    let hash = this.#hashes.get(prefix)
    if (hash === undefined) {
      const resources = this.#registry.all().filter((resource) => prefixOf(resource) === prefix)
      const source = resources.map((resource) => [
        resource.kind,
        resource.plural,
        resource.definition ?? null,
        resource.custom?.schema ?? null,
        resource.hasStatus,
      ])
      hash = createHash('sha256').update(JSON.stringify(source)).digest('hex').slice(0, 32).toUpperCase()
      this.#hashes.set(prefix, hash)
    }
    return hash
  }

  answer(exchange: Exchange): void {
    const { pathname } = exchange
    if (pathname === '/openapi/v2') {
      // kubectl asks for it in protobuf when v3 does not know a kind: an empty document lets it go on and say so.
      if (/proto-openapi\.spec\.v2[@.]v1\.0\+protobuf/.test(String(exchange.request.headers.accept))) {
        exchange.response.writeHead(200, {
          'Content-Type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
          'Content-Length': emptyV2.length,
        })
        exchange.response.end(emptyV2)
        return
      }
      throw new StatusError({
        code: 406,
        reason: 'NotAcceptable',
        message: 'OpenAPI v2 is not served; use /openapi/v3',
      })
    }
    if (pathname === '/openapi/v3') {
      const prefixes = [...new Set(this.#registry.all().map(prefixOf))]
      withEtag(
        exchange,
        {
          paths: Object.fromEntries(
            prefixes.map((prefix) => [
              prefix,
              { serverRelativeURL: `/openapi/v3/${prefix}?hash=${this.#hash(prefix)}` },
            ]),
          ),
        },
        'text/plain; charset=utf-8',
      )
      return
    }
    const document = this.#document(pathname.replace(/^\/openapi\/v3\//, ''))
    if (document === undefined) throw noSuchRoute()
    exchange.json(document)
  }
}

const protobufText = (field: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2, content.length]), content])

/** `openapi.v2.Document` with swagger (1) and info (2: title 1, version 2), and no paths. */
const emptyV2 = Buffer.concat([
  protobufText(1, Buffer.from('2.0')),
  protobufText(
    2,
    Buffer.concat([protobufText(1, Buffer.from('local-kube')), protobufText(2, Buffer.from('v1'))]),
  ),
])
