/** Objects of built-in kinds with more parts than any has, written and patched. */
import { many, pods } from './hostile-request.ts'
import type { HostileRequest } from './hostile-request.ts'

const pod = (name: string, count: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: many(count, (index) => ({ name: `c${index}`, image: 'x' })) },
  })
const variables = (prefix: string): object[] =>
  many(7_000, (index) => ({ name: `${prefix}${index}`, value: 'v' }))
const strategic = { method: 'PATCH', type: 'application/strategic-merge-patch+json' } as const
const apply = { method: 'PATCH', type: 'application/apply-patch+yaml' } as const

export const podsAndServices: readonly HostileRequest[] = [
  { name: 'a pod of 4,000 containers', path: pods, body: () => pod('wide', 4_000), status: 201 },
  {
    name: 'a pod of 7,000 variables',
    path: pods,
    body: () =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'variables' },
        spec: { containers: [{ name: 'c', image: 'x', env: variables('E') }] },
      }),
    status: 201,
  },
  {
    name: '7,000 other variables, strategically',
    ...strategic,
    path: `${pods}/variables`,
    body: () => JSON.stringify({ spec: { containers: [{ name: 'c', env: variables('F') }] } }),
    status: 422,
  },
  {
    name: '9,000 containers in another order',
    ...strategic,
    path: `${pods}/wide`,
    body: () =>
      JSON.stringify({
        spec: {
          '$setElementOrder/containers': many(9_000, (index) => ({ name: `c${9_000 - index}` })),
          containers: many(3_000, (index) => ({ name: `c${index}`, image: 'y' })),
        },
      }),
    status: 422,
  },
  {
    name: '4,000 containers applied',
    ...apply,
    path: `${pods}/applied?fieldManager=a`,
    body: () => pod('applied', 4_000),
    status: 201,
  },
  {
    name: '4,000 containers applied by another',
    ...apply,
    path: `${pods}/applied?fieldManager=b&force=true`,
    body: () => pod('applied', 4_000),
    status: 200,
  },
  {
    name: 'a service of 5,000 ports',
    path: '/api/v1/namespaces/default/services',
    body: () =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'ports' },
        spec: { ports: many(5_000, (index) => ({ name: `p${index}`, port: index + 1 })) },
      }),
    status: 201,
  },
]
