/** Which resources are served at the moment: the builtin ones, and those of established CustomResourceDefinitions. */
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Store } from '../storage/store.ts'
import { builtinResources } from './builtin-resources.ts'
import { customColumns } from './columns.ts'
import type { Resource, ScalePaths } from './resource.ts'
import { apiVersionOf } from './resource.ts'

export const CRD_BUCKET = 'apiextensions.k8s.io/customresourcedefinitions'
const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

export class Registry {
  readonly #builtin: readonly Resource[] = builtinResources()
  readonly #custom = new Map<string, readonly Resource[]>()
  #byPath = new Map<string, Resource>()
  #generation = 0

  constructor(store: Store) {
    for (const { object } of store.list({ bucket: CRD_BUCKET })) this.#learn(object)
    this.#index()
    store.subscribe((event) => {
      if (event.key.bucket !== CRD_BUCKET) return
      if (event.type === 'DELETED') this.#custom.delete(event.key.name)
      else this.#learn(event.object)
      this.#index()
    })
  }

  /** Changes whenever discovery does. */
  get generation(): number {
    return this.#generation
  }

  find({ group, version, plural }: { group: string; version: string; plural: string }): Resource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`)
  }

  /** Whether anything at all is served in this group and version. */
  servesGroup({ group, version }: { group: string; version: string }): boolean {
    return this.all().some((resource) => resource.group === group && resource.version === version)
  }

  /** The first served version of a kind, or of the version given. */
  findKind({
    group,
    kind,
    version,
  }: {
    group: string
    kind: string
    version?: string
  }): Resource | undefined {
    return this.all().find(
      (r) => r.group === group && r.kind === kind && (version === undefined || r.version === version),
    )
  }

  all(): readonly Resource[] {
    return [...this.#byPath.values()]
  }

  #learn(crd: JsonObject): void {
    this.#custom.set(asString(valueAt(crd, 'metadata', 'name')), customResources(crd))
  }

  #index(): void {
    this.#generation += 1
    const all = [...this.#builtin, ...[...this.#custom.values()].flat()]
    this.#byPath = new Map(
      all.map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]),
    )
  }
}

/** `v1` before `v1beta2` before `v1alpha1`, then by number, then by name. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): readonly number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (match === null) return [0, 0, 0]
    return [match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1, Number(match[1]), Number(match[3] ?? 0)]
  }
  const [left, right] = [rank(a), rank(b)]
  for (let index = 0; index < 3; index += 1) {
    const difference = (right[index] ?? 0) - (left[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a < b ? -1 : a > b ? 1 : 0
}

function customResources(crd: JsonObject): readonly Resource[] {
  const spec = asObject(crd['spec'])
  const names = asObject(valueAt(crd, 'status', 'acceptedNames'))
  const group = asString(spec['group'])
  const versions = asArray(spec['versions']).map(asObject)
  const storage = versions.find((version) => version['storage'] === true)
  const storageVersion = apiVersionOf({ group, version: asString(storage?.['name']) })
  return versions
    .filter((version) => version['served'] === true)
    .map((version) => {
      const apiVersion = apiVersionOf({ group, version: asString(version['name']) })
      const subresources = asObject(version['subresources'])
      const schema = valueAt(version, 'schema', 'openAPIV3Schema')
      return {
        group,
        version: asString(version['name']),
        kind: asString(names['kind']),
        listKind: asString(names['listKind']),
        plural: asString(names['plural']),
        singular: asString(names['singular']),
        shortNames: asArray(names['shortNames']).map(asString),
        categories: asArray(names['categories']).map(asString),
        namespaced: spec['scope'] === 'Namespaced',
        verbs: VERBS,
        bucket: `${group}/${asString(names['plural'])}`,
        hasStatus: subresources['status'] !== undefined,
        hasGeneration: true,
        scale: scalePaths(asObject(subresources['scale'])),
        columns: customColumns(asArray(version['additionalPrinterColumns']) as never),
        fieldSelectors: asArray(version['selectableFields']).map((field) =>
          asString(asObject(field)['jsonPath']).replace(/^\./, ''),
        ),
        definition: undefined,
        custom: {
          crdName: asString(valueAt(crd, 'metadata', 'name')),
          schema: schema === undefined ? undefined : asObject(schema),
        },
        // The only conversion strategy is None: versions differ in apiVersion alone.
        toStorage: (object: JsonObject) => ({ ...object, apiVersion: storageVersion }),
        fromStorage: (object: JsonObject) =>
          object['apiVersion'] === apiVersion ? object : { ...object, apiVersion },
      }
    })
}

function scalePaths(scale: JsonObject): ScalePaths | undefined {
  if (typeof scale['specReplicasPath'] !== 'string') return undefined
  const path = (text: string): readonly string[] => text.replace(/^\./, '').split('.')
  const selector = asString(scale['labelSelectorPath'])
  return {
    specReplicasPath: path(scale['specReplicasPath']),
    statusReplicasPath: path(asString(scale['statusReplicasPath'])),
    labelSelectorPath: selector === '' ? undefined : path(selector),
  }
}
