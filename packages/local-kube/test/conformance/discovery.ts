/** What the server says of itself: version, health, what it serves, and schemas. */
import { DISCOVERY } from './row.ts'
import type { Row } from './row.ts'

interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name?: string }
    readonly versions: readonly { readonly version: string; readonly resources: readonly Served[] }[]
  }[]
}
interface Served {
  readonly resource: string
  readonly subresources?: readonly { readonly subresource: string }[]
}
interface Plain {
  readonly resources: readonly { readonly name: string }[]
}

/** Kinds that no server of this API does without. */
const COMMON = ['configmaps', 'secrets', 'namespaces', 'events', 'deployments', 'leases', 'tokenreviews']

const ofGroup =
  (group: string) =>
  ({ items }: Discovery): unknown =>
    items.find(({ metadata }) => metadata.name === group)

const common =
  (group: string | undefined) =>
  ({ items }: Discovery): unknown =>
    items
      .find(({ metadata }) => metadata.name === group)
      ?.versions.find(({ version }) => version === 'v1')
      ?.resources.filter(({ resource }) => COMMON.includes(resource))
      .toSorted((a, b) => (a.resource < b.resource ? -1 : 1))

const commonPlain = ({ resources, ...rest }: Plain): unknown => ({
  ...rest,
  resources: resources
    .filter(({ name }) => COMMON.includes(name.split('/')[0] ?? ''))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
})

interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly parameters?: readonly { readonly name?: string }[] }>>>
  >
}
const schemaOf =
  (name: string) =>
  ({ components }: OpenApi): unknown =>
    components.schemas[name]

export const discovery: readonly Row[] = [
  {
    name: 'the version is told',
    method: 'GET',
    path: '/version',
    status: 200,
    has: { major: '1', minor: /^\d+$/, gitVersion: /^v1\.\d+\.\d+/ },
  },
  {
    name: 'the version is told to strangers',
    method: 'GET',
    path: '/version',
    token: '',
    status: 200,
    compare: Object.keys,
  },
  { name: 'health is told', method: 'GET', path: '/healthz', status: 200, has: /^ok$/ },
  { name: 'life is told', method: 'GET', path: '/livez', status: 200, has: /^ok$/ },
  { name: 'readiness is told', method: 'GET', path: '/readyz', status: 200, has: /^ok$/ },
  {
    name: 'health is told to strangers',
    method: 'GET',
    path: '/healthz',
    token: '',
    status: 200,
    has: /^ok$/,
  },
  {
    name: 'metrics are in the format of Prometheus',
    method: 'GET',
    path: '/metrics',
    status: 200,
    has: /^apiserver_request_total\{.*\} \d+$/m,
    compare: () => 'text',
  },
  {
    name: 'an unknown path is a Status with reason NotFound',
    method: 'GET',
    path: '/apis/no.such.group/v1/things',
    status: 404,
    compare: (body: string | object) => typeof body,
  },
  {
    name: 'an unknown kind of a known group is NotFound',
    method: 'GET',
    path: '/apis/apps/v1/things',
    status: 404,
    has: { kind: 'Status', reason: 'NotFound', code: 404 },
  },
  {
    name: 'an unknown subresource is NotFound',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/{ns}/deployments/x/things',
    status: 404,
    has: { kind: 'Status', reason: 'NotFound' },
  },
  {
    name: 'discovery comes aggregated to who asks for it',
    method: 'GET',
    path: '/apis',
    accept: DISCOVERY,
    status: 200,
    has: { kind: 'APIGroupDiscoveryList' },
    compare: ofGroup('conformance.example.com'),
  },
  {
    name: 'aggregated discovery tells of builtin kinds',
    method: 'GET',
    path: '/apis',
    accept: DISCOVERY,
    status: 200,
    compare: common('apps'),
  },
  {
    name: 'aggregated discovery tells of reviews',
    method: 'GET',
    path: '/apis',
    accept: DISCOVERY,
    status: 200,
    compare: common('authentication.k8s.io'),
  },
  {
    name: 'aggregated discovery of the core group stands at /api',
    method: 'GET',
    path: '/api',
    accept: DISCOVERY,
    status: 200,
    has: { kind: 'APIGroupDiscoveryList' },
    compare: common(undefined),
  },
  {
    name: 'the core group has versions',
    method: 'GET',
    path: '/api',
    status: 200,
    has: { kind: 'APIVersions', versions: ['v1'] },
  },
  {
    name: 'groups are listed',
    method: 'GET',
    path: '/apis',
    status: 200,
    has: { kind: 'APIGroupList' },
    compare: ({ groups }: { readonly groups: readonly { readonly name: string }[] }) =>
      groups.filter(({ name }) => ['apps', 'conformance.example.com', 'coordination.k8s.io'].includes(name)),
  },
  {
    name: 'a group has versions',
    method: 'GET',
    path: '/apis/apps',
    status: 200,
    has: { kind: 'APIGroup', name: 'apps', preferredVersion: { version: 'v1' } },
  },
  {
    name: 'discovery comes plain to everyone else',
    method: 'GET',
    path: '/apis/apps/v1',
    status: 200,
    has: { kind: 'APIResourceList', groupVersion: 'apps/v1' },
    compare: commonPlain,
  },
  {
    name: 'plain discovery of the core group',
    method: 'GET',
    path: '/api/v1',
    status: 200,
    has: { kind: 'APIResourceList', groupVersion: 'v1' },
    compare: commonPlain,
  },
  {
    name: 'plain discovery of a custom resource',
    method: 'GET',
    path: '/apis/conformance.example.com/v1',
    status: 200,
    has: { resources: [{ name: 'widgets', singularName: 'widget', kind: 'Widget', shortNames: ['wdg'] }] },
  },
  {
    name: 'OpenAPI v3 has an index',
    method: 'GET',
    path: '/openapi/v3',
    status: 200,
    // A definition's group is in a real server's index some time after it is served.
    eventually: true,
    has: {
      paths: {
        'apis/apps/v1': { serverRelativeURL: /^\/openapi\/v3\/apis\/apps\/v1\?hash=/ },
        'apis/conformance.example.com/v1': {
          serverRelativeURL: /^\/openapi\/v3\/apis\/conformance\.example\.com\/v1\?hash=/,
        },
      },
    },
    compare: ({ paths }: { readonly paths: Readonly<Record<string, unknown>> }) => [
      paths['api/v1'],
      paths['apis/apps/v1'],
      paths['apis/conformance.example.com/v1'],
    ],
  },
  {
    name: 'OpenAPI v3 describes a custom resource',
    method: 'GET',
    path: '/openapi/v3/apis/conformance.example.com/v1',
    status: 200,
    eventually: true,
    compare: schemaOf('com.example.conformance.v1.Widget'),
  },
  {
    name: 'OpenAPI v3 describes a builtin kind',
    method: 'GET',
    path: '/openapi/v3/api/v1',
    status: 200,
    compare: schemaOf('io.k8s.api.core.v1.ConfigMap'),
  },
  {
    name: 'OpenAPI v3 says that a patch may be validated',
    method: 'GET',
    path: '/openapi/v3/apis/apps/v1',
    status: 200,
    compare: ({ paths }: OpenApi) =>
      paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch']?.parameters
        ?.map(({ name }) => name)
        .toSorted(),
  },
  {
    name: 'OpenAPI v2 comes as protobuf',
    method: 'GET',
    path: '/openapi/v2',
    accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    status: 200,
    compare: () => 'protobuf',
  },
]
