/** One request of the conformance table and what a Kubernetes API server answers, with the names the rows share. */
export interface Row {
  /** What is promised, as a sentence. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /**
   * `{ns}` stands for the scratch namespace, and `{name.path.to.field}` for what an earlier row's answer held that was
   * remembered under `name`; here and in every string of the body.
   */
  readonly path: string
  readonly accept?: string
  readonly type?: string
  readonly body?: unknown
  /** A body that is no JSON, in base64. */
  readonly bytes?: string
  /** Whose request it is: the administrator's when absent. A bearer token, or `''` for none. */
  readonly token?: string
  readonly status: number
  /** Every leaf here must be in the answer; a RegExp must match, a function must hold. A watch answers a list of events. */
  readonly has?: unknown
  /** Keeps the answer under this name. */
  readonly remember?: string
  /** What of the answer's body two servers must share; all of it when absent. */
  readonly compare?: (body: never) => unknown
  /** Asked again until it holds: what happens some time after another request was answered. */
  readonly eventually?: true
}

export const widgets = '/apis/conformance.example.com/v1/namespaces/{ns}/widgets'
export const configMaps = '/api/v1/namespaces/{ns}/configmaps'
export const deployments = '/apis/apps/v1/namespaces/{ns}/deployments'

export const merge = 'application/merge-patch+json'
export const json = 'application/json-patch+json'
export const strategic = 'application/strategic-merge-patch+json'
export const apply = 'application/apply-patch+yaml'
export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
export const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'
export const DISCOVERY =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'

export const widget = (name: string, spec: object): object => ({
  apiVersion: 'conformance.example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
})

export const configMap = (name: string, data: object, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

export const deployment = {
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

export const bytes = (text: string): string => Buffer.from(text).toString('base64')

/** `{metadata: {name: p}, data: {a: '1'}}` as a typed Go client sends it: a magic number, then `runtime.Unknown`. */
export const protobufConfigMap = (() => {
  const field = (number: number, ...content: readonly (Buffer | string)[]): Buffer => {
    const body = Buffer.concat(content.map((part) => Buffer.from(part)))
    return Buffer.concat([Buffer.from([(number << 3) | 2, body.length]), body])
  }
  const object = [field(1, field(1, 'p')), field(2, field(1, 'a'), field(2, '1'))]
  const unknown = [field(1, field(1, 'v1'), field(2, 'ConfigMap')), field(2, ...object)]
  return Buffer.concat([Buffer.from('k8s\0'), ...unknown]).toString('base64')
})()
