/** Builtin kinds: filled in, validated, patched by their merge keys, scaled. */
import { deployment, deployments, merge, strategic } from './row.ts'
import type { Row } from './row.ts'

export const builtins: readonly Row[] = [
  {
    name: 'stringData becomes data',
    method: 'POST',
    path: '/api/v1/namespaces/{ns}/secrets',
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { k: 'v' } },
    status: 201,
    has: { type: 'Opaque', data: { k: 'dg==' }, stringData: undefined },
  },
  {
    name: 'a Deployment is filled in',
    method: 'POST',
    path: deployments,
    body: deployment,
    status: 201,
    has: {
      metadata: { generation: 1 },
      spec: {
        revisionHistoryLimit: 10,
        strategy: { type: 'RollingUpdate' },
        template: { spec: { restartPolicy: 'Always', containers: [{ imagePullPolicy: 'IfNotPresent' }] } },
      },
    },
  },
  {
    name: 'a selector that does not match the template is refused',
    method: 'POST',
    path: deployments,
    body: {
      ...deployment,
      metadata: { name: 'bad' },
      spec: { ...deployment.spec, selector: { matchLabels: { app: 'other' } } },
    },
    status: 422,
    has: { details: { causes: [{ field: 'spec.template.metadata.labels' }] } },
  },
  {
    name: 'an unknown field of a builtin is refused under Strict',
    method: 'POST',
    path: `${deployments}?fieldValidation=Strict`,
    body: { ...deployment, metadata: { name: 'strict' }, spec: { ...deployment.spec, replicsa: 1 } },
    status: 400,
    has: { message: /strict decoding error: unknown field "spec\.replicsa"/ },
  },
  {
    name: 'a wrong type of a builtin is refused',
    method: 'POST',
    path: deployments,
    body: { ...deployment, metadata: { name: 'typed' }, spec: { ...deployment.spec, replicas: 'two' } },
    status: 400,
    has: { reason: 'BadRequest', message: /cannot unmarshal string into Go struct field/ },
  },
  {
    name: 'a strategic merge patch merges containers and variables by name',
    method: 'PATCH',
    path: `${deployments}/web`,
    type: strategic,
    body: { spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'B', value: '2' }] }] } } } },
    status: 200,
    has: {
      metadata: { generation: 2 },
      spec: {
        template: {
          spec: {
            containers: [{ image: 'example.com/app:1', env: (env: { name: string }[]) => env.length === 2 }],
          },
        },
      },
    },
  },
  {
    name: 'a label does not make a generation',
    method: 'PATCH',
    path: `${deployments}/web`,
    type: merge,
    body: { metadata: { labels: { a: 'b' } } },
    status: 200,
    has: { metadata: { generation: 2, labels: { a: 'b' } } },
  },
  {
    name: 'a Deployment scales by its subresource',
    method: 'PATCH',
    path: `${deployments}/web/scale`,
    type: merge,
    body: { spec: { replicas: 1 } },
    status: 200,
    has: { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 1 } },
  },
  {
    name: 'status is written apart',
    method: 'PATCH',
    path: `${deployments}/web/status`,
    type: merge,
    body: { spec: { replicas: 7 }, status: { observedGeneration: 2 } },
    status: 200,
    has: { spec: { replicas: 1 } },
  },
]
