/** Strategic merge patches: lists by their merge keys, and the directives that kubectl writes. */
import { configMap, configMaps, deployment, deployments, strategic } from './row.ts'
import type { Row } from './row.ts'

interface Template {
  readonly spec: { readonly template: { readonly spec: unknown } }
}
const onlyTemplate = ({ spec }: Template): unknown => spec.template.spec

const patch = (name: string, podSpec: object, has: unknown): Row => ({
  name,
  method: 'PATCH',
  path: `${deployments}/merged`,
  type: strategic,
  body: { spec: { template: { spec: podSpec } } },
  status: 200,
  has: { spec: { template: { spec: has } } },
  compare: onlyTemplate,
})

export const strategicMerge: readonly Row[] = [
  {
    name: 'a Deployment to merge into',
    method: 'POST',
    path: deployments,
    body: { ...deployment, metadata: { name: 'merged', finalizers: ['example.com/a', 'example.com/b'] } },
    status: 201,
  },
  patch(
    'a container is added by its name',
    { containers: [{ name: 'd', image: 'example.com/d:1', ports: [{ containerPort: 80 }] }] },
    {
      containers: (containers: { name: string }[]) =>
        containers
          .map(({ name }) => name)
          .toSorted()
          .join() === 'c,d',
    },
  ),
  patch(
    'ports merge by their number',
    { containers: [{ name: 'd', ports: [{ containerPort: 80, name: 'http' }, { containerPort: 81 }] }] },
    {
      containers: (containers: { name: string; ports?: unknown[] }[]) =>
        containers.find(({ name }) => name === 'd')?.ports?.length === 2,
    },
  ),
  patch(
    'the order of elements is what the patch says',
    {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'd' }],
      containers: [{ name: 'd', image: 'example.com/d:2' }],
    },
    { containers: [{ name: 'c' }, { name: 'd', image: 'example.com/d:2' }] },
  ),
  patch(
    'an element is deleted by directive',
    { containers: [{ $patch: 'delete', name: 'd' }] },
    { containers: (containers: unknown[]) => containers.length === 1 },
  ),
  patch(
    'a list is replaced by directive',
    { containers: [{ name: 'c', env: [{ $patch: 'replace' }, { name: 'Z', value: '26' }] }] },
    { containers: [{ env: (env: unknown[]) => env.length === 1 }] },
  ),
  patch(
    'null removes',
    { containers: [{ name: 'c', env: null, resources: { limits: { cpu: '1' } } }] },
    { containers: [{ env: undefined, resources: { limits: { cpu: '1' } } }] },
  ),
  patch(
    'volumes merge by name',
    {
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'w', configMap: { name: 'one' } },
      ],
    },
    { volumes: (volumes: unknown[]) => volumes.length === 2 },
  ),
  patch(
    'what is not retained goes',
    { volumes: [{ $retainKeys: ['name', 'secret'], name: 'v', secret: { secretName: 's' } }] },
    {
      volumes: (volumes: { name: string; emptyDir?: object; secret?: object }[]) =>
        volumes.some(
          ({ name, emptyDir, secret }) => name === 'v' && emptyDir === undefined && secret !== undefined,
        ),
    },
  ),
  patch(
    'lists without merge keys are replaced',
    { tolerations: [{ key: 'a', operator: 'Exists' }], containers: [{ name: 'c', args: ['x'] }] },
    { tolerations: [{ key: 'a' }], containers: [{ args: ['x'] }] },
  ),
  patch(
    'again, with others',
    { tolerations: [{ key: 'b', operator: 'Exists' }], containers: [{ name: 'c', args: ['y', 'z'] }] },
    { tolerations: (tolerations: { key: string }[]) => tolerations.map(({ key }) => key).join() === 'b' },
  ),
  {
    name: 'a single finalizer is deleted by directive',
    method: 'PATCH',
    path: `${deployments}/merged`,
    type: strategic,
    body: { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } },
    status: 200,
    has: { metadata: { finalizers: ['example.com/b'] } },
    compare: ({ metadata }: { readonly metadata: { readonly finalizers: unknown } }) => metadata.finalizers,
  },
  {
    name: 'finalizers merge as a set',
    method: 'PATCH',
    path: `${deployments}/merged`,
    type: strategic,
    body: { metadata: { finalizers: ['example.com/c'] } },
    status: 200,
    compare: ({ metadata }: { readonly metadata: { readonly finalizers: unknown } }) => metadata.finalizers,
  },
  patch('a map is made', { nodeSelector: { x: 'y' } }, { nodeSelector: { x: 'y' } }),
  patch(
    'a map is replaced by directive',
    { nodeSelector: { $patch: 'replace', a: 'b' } },
    { nodeSelector: { a: 'b' } },
  ),
  {
    name: 'conditions merge by type',
    method: 'PATCH',
    path: `${deployments}/merged/status`,
    type: strategic,
    body: { status: { conditions: [{ type: 'Custom', status: 'True' }] } },
    status: 200,
    has: {
      status: {
        conditions: (conditions: { type: string }[]) => conditions.some(({ type }) => type === 'Custom'),
      },
    },
    compare: () => undefined,
  },
  {
    name: 'an unknown directive is refused',
    method: 'PATCH',
    path: `${deployments}/merged`,
    type: strategic,
    body: { spec: { template: { spec: { containers: [{ $patch: 'explode', name: 'c' }] } } } },
    status: 500,
  },
  {
    name: 'an element without its merge key is refused',
    method: 'PATCH',
    path: `${deployments}/merged`,
    type: strategic,
    body: { spec: { template: { spec: { containers: [{ image: 'x' }] } } } },
    status: 500,
  },
  {
    name: 'all finalizers are taken away',
    method: 'PATCH',
    path: `${deployments}/merged`,
    type: strategic,
    body: { metadata: { finalizers: null } },
    status: 200,
    compare: ({ metadata }: { readonly metadata: { readonly finalizers: unknown } }) => metadata.finalizers,
  },
  { name: 'what was merged is deleted', method: 'DELETE', path: `${deployments}/merged`, status: 200 },
  {
    name: 'a ConfigMap takes strategic merge patches too',
    method: 'POST',
    path: configMaps,
    body: configMap('strategic', { a: '1', b: '2' }),
    status: 201,
  },
  {
    name: 'and merges its data',
    method: 'PATCH',
    path: `${configMaps}/strategic`,
    type: strategic,
    body: { data: { a: null, c: '3' } },
    status: 200,
    has: { data: { a: undefined, b: '2', c: '3' } },
  },
]
