/** Deleting a CustomResourceDefinition deletes its objects first; the definition goes when the last one is gone. */
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Store } from '../storage/store.ts'
import type { ObjectWriter } from './object-writer.ts'
import type { WriteContext } from './write-context.ts'
import { CRD_BUCKET } from './registry.ts'
import type { Registry } from './registry.ts'

const FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'
const user = { username: 'system:apiserver', groups: ['system:masters'] }
const quiet = {
  user,
  subresource: '',
  fieldManager: 'local-kube',
  fieldValidation: 'Ignore',
  dryRun: false,
  warn: () => undefined,
} as const

const isLeaving = (crd: JsonObject): boolean =>
  valueAt(crd, 'metadata', 'deletionTimestamp') !== undefined &&
  asArray(valueAt(crd, 'metadata', 'finalizers')).includes(FINALIZER)

const bucketOf = (crd: JsonObject): string =>
  `${asString(valueAt(crd, 'spec', 'group'))}/${asString(valueAt(crd, 'spec', 'names', 'plural'))}`

export function startCrdCleanup({
  store,
  writer,
  registry,
}: {
  store: Store
  writer: ObjectWriter
  registry: Registry
}): () => void {
  let stopped = false

  const release = async (crd: JsonObject): Promise<void> => {
    const resource = registry.find({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
    })
    if (resource === undefined) return
    const context: WriteContext = {
      ...quiet,
      resource,
      namespace: '',
      name: asString(valueAt(crd, 'metadata', 'name')),
    }
    await writer.update(context, (current) => {
      const metadata = asObject(current['metadata'])
      const finalizers = asArray(metadata['finalizers']).filter((finalizer) => finalizer !== FINALIZER)
      return { object: { ...current, metadata: { ...metadata, finalizers } }, source: 'body' }
    })
  }

  const cleanUp = async (crd: JsonObject): Promise<void> => {
    const group = asString(valueAt(crd, 'spec', 'group'))
    const resource = registry.findKind({ group, kind: asString(valueAt(crd, 'spec', 'names', 'kind')) })
    const instances = store.list({ bucket: bucketOf(crd) })
    if (instances.length === 0) return release(crd)
    if (resource === undefined) return
    await Promise.all(
      instances
        .filter(({ object }) => valueAt(object, 'metadata', 'deletionTimestamp') === undefined)
        .map(({ key }) =>
          writer
            .delete({ ...quiet, resource, namespace: key.namespace, name: key.name }, {})
            .catch(() => undefined),
        ),
    )
  }

  // Whatever fails is tried again on the next event; the definition stays visible as terminating meanwhile.
  const consider = (crd: JsonObject): void => {
    setImmediate(() => {
      if (!stopped) cleanUp(crd).catch(() => undefined)
    })
  }

  const unsubscribe = store.subscribe((event) => {
    if (event.key.bucket === CRD_BUCKET && event.type !== 'DELETED' && isLeaving(event.object))
      consider(event.object)
    if (event.type !== 'DELETED' || event.key.bucket === CRD_BUCKET) return
    const leaving = store
      .list({ bucket: CRD_BUCKET })
      .find(({ object }) => isLeaving(object) && bucketOf(object) === event.key.bucket)
    if (leaving !== undefined) consider(leaving.object)
  })
  for (const { object } of store.list({ bucket: CRD_BUCKET })) if (isLeaving(object)) consider(object)
  return () => {
    stopped = true
    unsubscribe()
  }
}
