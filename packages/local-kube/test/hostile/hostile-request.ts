/** A request that nobody sends by accident, and what the requests of all kinds are put together from. */

export interface HostileRequest {
  readonly name: string
  readonly method?: 'GET' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Absent: JSON. */
  readonly type?: string
  /** Made when it is sent: together they are a hundred megabytes. */
  readonly body?: () => string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Of the answer. */
  readonly status: number
  /** Takes seconds, if not of the loop: only the drill sends it. */
  readonly isLong?: true
}

export const configMaps = '/api/v1/namespaces/default/configmaps'
export const pods = '/api/v1/namespaces/default/pods'
export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const group = 'hostile.example.com'

export const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

export const fields = <T>(count: number, prefix: string, make: (index: number) => T): Record<string, T> =>
  Object.fromEntries(many(count, (index) => [`${prefix}${index}`, make(index)]))

export const configMap = (name: string, data: unknown): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })

/** A definition of a kind whose objects have this schema for their spec, and more of its version. */
export const definition = (plural: string, spec: object, version: object = {}): string =>
  JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: plural, kind: `Kind${plural}`, listKind: `Kind${plural}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
          ...version,
        },
      ],
    },
  })

export const define = (plural: string, spec: () => object): Pick<HostileRequest, 'path' | 'body'> => ({
  path: definitions,
  body: () => definition(plural, spec()),
})

export const custom = (plural: string, spec: () => unknown): Pick<HostileRequest, 'path' | 'body'> => ({
  path: `/apis/${group}/v1/namespaces/default/${plural}`,
  body: () =>
    JSON.stringify({
      apiVersion: `${group}/v1`,
      kind: `Kind${plural}`,
      metadata: { generateName: 'x-' },
      spec: spec(),
    }),
})
