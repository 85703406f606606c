// Names of the REST resources used here and the paths they live at.

export interface ResourceKind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

const define = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = true,
): ResourceKind => ({
  group,
  version,
  plural,
  kind,
  namespaced,
})

export const kinds = {
  pods: define('', 'v1', 'pods', 'Pod'),
  nodes: define('', 'v1', 'nodes', 'Node', false),
  events: define('', 'v1', 'events', 'Event'),
  services: define('', 'v1', 'services', 'Service'),
  endpoints: define('', 'v1', 'endpoints', 'Endpoints'),
  configMaps: define('', 'v1', 'configmaps', 'ConfigMap'),
  secrets: define('', 'v1', 'secrets', 'Secret'),
  namespaces: define('', 'v1', 'namespaces', 'Namespace', false),
  serviceAccounts: define('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  deployments: define('apps', 'v1', 'deployments', 'Deployment'),
  replicaSets: define('apps', 'v1', 'replicasets', 'ReplicaSet'),
  jobs: define('batch', 'v1', 'jobs', 'Job'),
  endpointSlices: define('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  leases: define('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  customResourceDefinitions: define(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
} as const

export const apiVersionOf = ({ group, version }: Pick<ResourceKind, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`

export interface ResourcePath {
  readonly kind: ResourceKind
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

export function pathOf({ kind, namespace, name, subresource }: ResourcePath): string {
  const base = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const scope =
    kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`
  return `${base}${scope}/${kind.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`
}
