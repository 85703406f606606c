/**
 * Requests and what a Kubernetes API server answers. The table holds for kube-apiserver too: it names nothing of this
 * implementation, works in a namespace of its own and cleans up after itself. Rows run in order.
 */
export interface Row {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `{ns}` stands for the scratch namespace; the placeholder `{rv:name}` for a version remembered by an earlier row. */
  readonly path: string
  readonly accept?: string
  readonly type?: string
  readonly body?: unknown
  readonly status: number
  /** Every leaf here must be in the answer; a RegExp must match, a function must hold. */
  readonly has?: unknown
  /** Keeps `metadata.resourceVersion` of the answer under this name. */
  readonly remember?: string
}

const widgets = '/apis/conformance.example.com/v1/namespaces/{ns}/widgets'
const configMaps = '/api/v1/namespaces/{ns}/configmaps'
const deployments = '/apis/apps/v1/namespaces/{ns}/deployments'
const merge = 'application/merge-patch+json'
const json = 'application/json-patch+json'
const strategic = 'application/strategic-merge-patch+json'
const apply = 'application/apply-patch+yaml'

const widget = (name: string, spec: object): object => ({
  apiVersion: 'conformance.example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
})
const configMap = (name: string, data: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'example.com/app:1', env: [{ name: 'A', value: '1' }] }] },
    },
  },
}

export const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.conformance.example.com' },
  spec: {
    group: 'conformance.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wdg'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['model'],
                'x-kubernetes-validations': [
                  {
                    rule: '!has(self.max) || self.replicas <= self.max',
                    message: 'replicas must not exceed max',
                  },
                ],
                properties: {
                  model: { type: 'string', pattern: '^[a-z]+$' },
                  replicas: { type: 'integer', minimum: 0, maximum: 10, default: 1 },
                  max: { type: 'integer' },
                  mode: { type: 'string', enum: ['a', 'b'] },
                  fixed: {
                    type: 'string',
                    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }],
                  },
                  steps: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      required: ['name'],
                      properties: { name: { type: 'string' }, n: { type: 'integer' } },
                    },
                  },
                },
              },
              status: {
                type: 'object',
                properties: {
                  phase: { type: 'string' },
                  replicas: { type: 'integer' },
                  conditions: {
                    type: 'array',
                    items: {
                      type: 'object',
                      properties: { type: { type: 'string' }, status: { type: 'string' } },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'

export const table: readonly Row[] = [
  { name: 'the version is told', method: 'GET', path: '/version', status: 200, has: { major: '1' } },
  { name: 'health is told', method: 'GET', path: '/readyz', status: 200 },
  {
    name: 'an unknown path is a Status with reason NotFound',
    method: 'GET',
    path: '/apis/no.such.group/v1/things',
    status: 404,
    has: { kind: 'Status', reason: 'NotFound', code: 404 },
  },
  {
    name: 'discovery comes aggregated to who asks for it',
    method: 'GET',
    path: '/apis',
    accept: DISCOVERY,
    status: 200,
    has: { kind: 'APIGroupDiscoveryList' },
  },
  {
    name: 'discovery comes plain to everyone else',
    method: 'GET',
    path: '/apis/apps/v1',
    status: 200,
    has: { kind: 'APIResourceList', groupVersion: 'apps/v1' },
  },
  {
    name: 'OpenAPI v3 has an index',
    method: 'GET',
    path: '/openapi/v3',
    status: 200,
    has: { paths: { 'apis/apps/v1': { serverRelativeURL: /^\/openapi\/v3\/apis\/apps\/v1\?hash=/ } } },
  },

  {
    name: 'an object gets uid, version and creation time',
    method: 'POST',
    path: configMaps,
    body: configMap('one', { a: '1' }),
    status: 201,
    has: {
      metadata: {
        uid: /^[0-9a-f-]{36}$/,
        resourceVersion: /^\d+$/,
        creationTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      },
    },
    remember: 'one',
  },
  {
    name: 'the same name again is AlreadyExists',
    method: 'POST',
    path: configMaps,
    body: configMap('one', {}),
    status: 409,
    has: { reason: 'AlreadyExists', message: 'configmaps "one" already exists' },
  },
  {
    name: 'a missing object is NotFound, by name and kind',
    method: 'GET',
    path: `${configMaps}/none`,
    status: 404,
    has: {
      reason: 'NotFound',
      message: 'configmaps "none" not found',
      details: { name: 'none', kind: 'configmaps' },
    },
  },
  {
    name: 'generateName adds a suffix',
    method: 'POST',
    path: configMaps,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-', labels: { set: 'gen' } } },
    status: 201,
    has: { metadata: { name: /^gen-[a-z0-9]{5}$/ } },
  },
  {
    name: 'a bad name is refused in words',
    method: 'POST',
    path: configMaps,
    body: configMap('Bad_Name', {}),
    status: 422,
    has: {
      reason: 'Invalid',
      details: { causes: [{ field: 'metadata.name', reason: 'FieldValueInvalid' }] },
    },
  },
  {
    name: 'a namespace that does not exist is NotFound',
    method: 'POST',
    path: '/api/v1/namespaces/no-such-namespace/configmaps',
    body: configMap('x', {}),
    status: 404,
    has: { message: 'namespaces "no-such-namespace" not found' },
  },
  {
    name: 'a write at an old version conflicts',
    method: 'PUT',
    path: `${configMaps}/one`,
    body: { ...configMap('one', { a: '2' }), metadata: { name: 'one', resourceVersion: '1' } },
    status: 409,
    has: { reason: 'Conflict', message: /the object has been modified/ },
  },
  {
    name: 'a merge patch changes and removes',
    method: 'PATCH',
    path: `${configMaps}/one`,
    type: merge,
    body: { data: { a: null, b: '2' } },
    status: 200,
    has: { data: (data: Record<string, string>) => !('a' in data) && data['b'] === '2' },
    remember: 'two',
  },
  {
    name: 'a write that changes nothing keeps the version',
    method: 'PATCH',
    path: `${configMaps}/one`,
    type: merge,
    body: { data: { b: '2' } },
    status: 200,
    has: { metadata: { resourceVersion: '{rv:two}' } },
  },
  {
    name: 'a JSON patch works',
    method: 'PATCH',
    path: `${configMaps}/one`,
    type: json,
    body: [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'add', path: '/data/c', value: '3' },
    ],
    status: 200,
    has: { data: { b: '2', c: '3' } },
  },
  {
    name: 'a JSON patch whose test fails changes nothing',
    method: 'PATCH',
    path: `${configMaps}/one`,
    type: json,
    body: [{ op: 'test', path: '/data/b', value: 'x' }],
    status: 422,
  },
  {
    name: 'a dry run changes nothing',
    method: 'PATCH',
    path: `${configMaps}/one?dryRun=All`,
    type: merge,
    body: { data: { b: 'dry' } },
    status: 200,
    has: { data: { b: 'dry' } },
  },
  {
    name: 'after a dry run everything is as before',
    method: 'GET',
    path: `${configMaps}/one`,
    status: 200,
    has: { data: { b: '2' } },
  },
  {
    name: 'lists select by label',
    method: 'GET',
    path: `${configMaps}?labelSelector=set%20in%20(gen)`,
    status: 200,
    has: { kind: 'ConfigMapList', items: (items: unknown[]) => items.length === 1 },
  },
  {
    name: 'lists select by name',
    method: 'GET',
    path: `${configMaps}?fieldSelector=metadata.name%3Done`,
    status: 200,
    has: { items: (items: unknown[]) => items.length === 1 },
  },
  {
    name: 'a field that is not selectable is refused',
    method: 'GET',
    path: `${configMaps}?fieldSelector=data.b%3D2`,
    status: 400,
    has: { message: /field label not supported: data\.b/ },
  },
  {
    name: 'long lists come in pieces',
    method: 'GET',
    path: `${configMaps}?limit=1`,
    status: 200,
    has: { metadata: { continue: /.+/, remainingItemCount: (n: number) => n >= 1 } },
  },
  {
    name: 'a version from the future is a timeout',
    method: 'GET',
    path: `${configMaps}?resourceVersion=999999999999&resourceVersionMatch=NotOlderThan`,
    status: 504,
    has: { reason: 'Timeout' },
  },
  {
    name: 'tables have columns',
    method: 'GET',
    path: configMaps,
    accept: TABLE,
    status: 200,
    has: {
      kind: 'Table',
      columnDefinitions: (columns: { name: string }[]) =>
        columns.map(({ name }) => name).join() === 'Name,Data,Age',
    },
  },

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
    body: { spec: { replicas: 0 } },
    status: 200,
    has: { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 0 } },
  },
  {
    name: 'status is written apart',
    method: 'PATCH',
    path: `${deployments}/web/status`,
    type: merge,
    body: { spec: { replicas: 7 }, status: { observedGeneration: 2 } },
    status: 200,
    has: { spec: { replicas: 0 } },
  },

  {
    name: 'a custom resource is pruned and defaulted',
    method: 'POST',
    path: widgets,
    body: widget('w', { model: 'abc', modle: 'x', steps: [{ name: 'a', n: 1 }, { name: 'b' }] }),
    status: 201,
    has: { metadata: { generation: 1 }, spec: { replicas: 1, modle: undefined } },
  },
  {
    name: 'an unknown field is refused under Strict',
    method: 'POST',
    path: `${widgets}?fieldValidation=Strict`,
    body: widget('w2', { model: 'abc', modle: 'x' }),
    status: 400,
    has: {
      message:
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.modle"',
    },
  },
  {
    name: 'a missing field is named',
    method: 'POST',
    path: widgets,
    body: widget('w2', {}),
    status: 422,
    has: {
      message: 'Widget.conformance.example.com "w2" is invalid: spec.model: Required value',
      details: { causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.model' }] },
    },
  },
  {
    name: 'a pattern is quoted',
    method: 'POST',
    path: widgets,
    body: widget('w2', { model: 'A1' }),
    status: 422,
    has: { message: /spec\.model: Invalid value: "A1": spec\.model in body should match '\^\[a-z\]\+\$'/ },
  },
  {
    name: 'a maximum is named',
    method: 'POST',
    path: widgets,
    body: widget('w2', { model: 'a', replicas: 11 }),
    status: 422,
    has: {
      message: /spec\.replicas: Invalid value: 11: spec\.replicas in body should be less than or equal to 10/,
    },
  },
  {
    name: 'the values of an enum are listed',
    method: 'POST',
    path: widgets,
    body: widget('w2', { model: 'a', mode: 'c' }),
    status: 422,
    has: { message: /spec\.mode: Unsupported value: "c": supported values: "a", "b"/ },
  },
  {
    name: 'a wrong type is named',
    method: 'POST',
    path: widgets,
    body: widget('w2', { model: 5 }),
    status: 422,
    has: {
      message: /spec\.model: Invalid value: "integer": spec\.model in body must be of type string: "integer"/,
    },
  },
  {
    name: 'a duplicate key of a list map is refused',
    method: 'POST',
    path: widgets,
    body: widget('w2', { model: 'a', steps: [{ name: 'a' }, { name: 'a' }] }),
    status: 422,
    has: { message: /spec\.steps\[1\]: Duplicate value: \{"name":"a"\}/ },
  },
  {
    name: 'a rule speaks its message',
    method: 'POST',
    path: widgets,
    body: widget('w2', { model: 'a', replicas: 5, max: 3 }),
    status: 422,
    has: { message: /spec: Invalid value: "?.*: replicas must not exceed max/ },
  },
  {
    name: 'a transition rule lets a field be set',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { spec: { fixed: 'x' } },
    status: 200,
    has: { metadata: { generation: 2 } },
  },
  {
    name: 'a transition rule keeps it then',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { spec: { fixed: 'y' } },
    status: 422,
    has: { message: /fixed is immutable/ },
  },
  {
    name: 'strategic merge is not for custom resources',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: strategic,
    body: {},
    status: 415,
    has: { reason: 'UnsupportedMediaType' },
  },
  {
    name: 'a custom status is written apart, without a generation',
    method: 'PATCH',
    path: `${widgets}/w/status`,
    type: merge,
    body: { spec: { model: 'no' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    status: 200,
    has: {
      metadata: { generation: 2 },
      spec: { model: 'abc' },
      status: { conditions: [{ status: 'True' }] },
    },
  },
  {
    name: 'printer columns are rendered by the server',
    method: 'GET',
    path: widgets,
    accept: TABLE,
    status: 200,
    has: { rows: [{ cells: ['w', 'True'] }] },
  },
  {
    name: 'a custom resource scales',
    method: 'PATCH',
    path: `${widgets}/w/scale`,
    type: merge,
    body: { spec: { replicas: 3 } },
    status: 200,
    has: { spec: { replicas: 3 } },
  },
  {
    name: 'a PUT without a version is refused for custom resources',
    method: 'PUT',
    path: `${widgets}/w`,
    body: widget('w', { model: 'a' }),
    status: 422,
    has: { message: /metadata\.resourceVersion: Invalid value: (0|0x0): must be specified for an update/ },
  },

  {
    name: 'apply creates',
    method: 'PATCH',
    path: `${widgets}/ssa?fieldManager=one`,
    type: apply,
    body: widget('ssa', {
      model: 'abc',
      steps: [
        { name: 'a', n: 1 },
        { name: 'b', n: 1 },
      ],
    }),
    status: 201,
    has: { metadata: { managedFields: [{ manager: 'one', operation: 'Apply' }] } },
  },
  {
    name: 'apply by another manager conflicts',
    method: 'PATCH',
    path: `${widgets}/ssa?fieldManager=two`,
    type: apply,
    body: widget('ssa', { model: 'xyz' }),
    status: 409,
    has: {
      reason: 'Conflict',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.model' }] },
    },
  },
  {
    name: 'apply by force takes the field',
    method: 'PATCH',
    path: `${widgets}/ssa?fieldManager=two&force=true`,
    type: apply,
    body: widget('ssa', { model: 'xyz' }),
    status: 200,
    has: { spec: { model: 'xyz' } },
  },
  {
    name: 'what is no longer applied goes',
    method: 'PATCH',
    path: `${widgets}/ssa?fieldManager=one`,
    type: apply,
    body: widget('ssa', { steps: [{ name: 'a', n: 1 }] }),
    status: 200,
    has: {
      spec: {
        model: 'xyz',
        steps: (steps: { name: string }[]) => steps.map(({ name }) => name).join() === 'a',
      },
    },
  },
  {
    name: 'apply needs a manager',
    method: 'PATCH',
    path: `${widgets}/ssa`,
    type: apply,
    body: widget('ssa', { model: 'a' }),
    status: 400,
  },

  {
    name: 'a finalizer holds an object',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { metadata: { finalizers: ['example.com/hold'] } },
    status: 200,
  },
  {
    name: 'deleting a held object marks it',
    method: 'DELETE',
    path: `${widgets}/w`,
    status: 200,
    has: { metadata: { deletionTimestamp: /.+/, finalizers: ['example.com/hold'] } },
  },
  {
    name: 'no finalizer is added to a dying object',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
    status: 422,
    has: { message: /no new finalizers can be added if the object is being deleted/ },
  },
  {
    name: 'the last finalizer lets it go',
    method: 'PATCH',
    path: `${widgets}/w`,
    type: merge,
    body: { metadata: { finalizers: null } },
    status: 200,
  },
  { name: 'and then it is gone', method: 'GET', path: `${widgets}/w`, status: 404 },
  {
    name: 'a delete with the wrong uid is refused',
    method: 'DELETE',
    path: `${configMaps}/one`,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'no' } },
    status: 409,
  },
  {
    name: 'a collection is deleted by label',
    method: 'DELETE',
    path: `${configMaps}?labelSelector=set%3Dgen`,
    status: 200,
  },

  {
    name: 'a ServiceAccount can have a token',
    method: 'POST',
    path: '/api/v1/namespaces/{ns}/serviceaccounts',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } },
    status: 201,
  },
  {
    name: 'with an audience',
    method: 'POST',
    path: '/api/v1/namespaces/{ns}/serviceaccounts/bot/token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['hub'], expirationSeconds: 600 },
    },
    status: 201,
    has: { status: { token: /^[\w-]+\.[\w-]+\.[\w-]+$/ } },
  },
  {
    name: 'but not for a minute',
    method: 'POST',
    path: '/api/v1/namespaces/{ns}/serviceaccounts/bot/token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['hub'], expirationSeconds: 60 },
    },
    status: 422,
  },
  {
    name: 'a foreign token is nobody',
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'a.b.c' } },
    status: 201,
    has: { status: { authenticated: (value: boolean | undefined) => value !== true } },
  },
  {
    name: 'who am I is answered',
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    status: 201,
    has: { status: { userInfo: { username: /.+/ } } },
  },
]
