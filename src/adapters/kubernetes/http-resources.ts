// The resources port over HTTP. It holds no state and no cache; local-kube and a real cluster are the same to it.

import type { KubernetesObject } from '../../api/resource.ts'
import {
  KubernetesApiError,
  type ListPage,
  type ObjectName,
  type Resources,
  type ResourceType,
  type WatchEvent,
} from '../../ports/resources.ts'
import { collectionPath, objectPath } from './resource-path.ts'
import type { Transport } from './transport.ts'
import { parseWatchEvent, splitLines } from './watch-lines.ts'

const fieldManager = 'kubeswarm-operator'
const pageSize = '500'
/** A server ends each watch after this long; a connection that died without a word is noticed soon after. */
const watchSeconds = 300
const metadataTypes = (kind: string): string =>
  `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`

interface ListBody<T> {
  readonly items: readonly T[] | null
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string }
}

export const httpResources = (transport: Transport): Resources => {
  const page = <T>(
    type: ResourceType,
    options: ListOptions,
    query: Readonly<Record<string, string | undefined>>,
  ) =>
    transport.exchange<ListBody<T>>({
      method: 'GET',
      path: collectionPath(type, options.namespace),
      query: { labelSelector: options.labelSelector, ...query },
      ...(options.metadataOnly ? { accept: metadataTypes('PartialObjectMetadataList') } : {}),
    })

  return {
    async get<T extends KubernetesObject>(type: ResourceType, name: ObjectName) {
      return absentIsUndefined(transport.exchange<T>({ method: 'GET', path: objectPath(type, name) }))
    },
    async list<T extends KubernetesObject>(type: ResourceType, options: ListOptions = {}) {
      try {
        return await allPages<T>(type, (token) =>
          page<T>(type, options, { limit: pageSize, continue: token }),
        )
      } catch (error) {
        // The snapshot behind a `continue` token expired; one request without a limit cannot expire.
        if (!(error instanceof KubernetesApiError && error.status === 410)) throw error
        return allPages<T>(type, () => page<T>(type, options, {}))
      }
    },
    async *watch<T extends KubernetesObject>(
      type: ResourceType,
      options: WatchOptions,
    ): AsyncGenerator<WatchEvent<T>> {
      const chunks = await transport.stream({
        method: 'GET',
        path: collectionPath(type, options.namespace),
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: options.resourceVersion,
          labelSelector: options.labelSelector,
          timeoutSeconds: String(watchSeconds),
        },
        signal: options.signal,
        idleTimeoutMs: (watchSeconds + 20) * 1000,
        ...(options.metadataOnly ? { accept: metadataTypes('PartialObjectMetadata') } : {}),
      })
      for await (const line of splitLines(chunks)) {
        const event = parseWatchEvent<T>(line)
        if (event !== undefined) yield event
      }
    },
    create: <T extends KubernetesObject>(type: ResourceType, object: T) =>
      transport.exchange<T>({
        method: 'POST',
        path: collectionPath(type, object.metadata.namespace),
        query: { fieldManager },
        body: object,
      }),
    apply: <T extends KubernetesObject>(type: ResourceType, object: T) =>
      transport.exchange<T>({
        method: 'PATCH',
        path: objectPath(type, object.metadata),
        query: { fieldManager, force: 'true' },
        body: object,
        contentType: 'application/apply-patch+yaml',
      }),
    patch: <T extends KubernetesObject>(type: ResourceType, name: ObjectName, patch: unknown) =>
      transport.exchange<T>({
        method: 'PATCH',
        path: objectPath(type, name),
        query: { fieldManager },
        body: patch,
        contentType: 'application/merge-patch+json',
      }),
    patchStatus: <T extends KubernetesObject>(
      type: ResourceType,
      name: ObjectName,
      status: unknown,
      { resourceVersion }: Parameters<Resources['patchStatus']>[3] = {},
    ) =>
      transport.exchange<T>({
        method: 'PATCH',
        path: `${objectPath(type, name)}/status`,
        query: { fieldManager },
        body: { ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), status },
        contentType: 'application/merge-patch+json',
      }),
    async delete(type, name, preconditions) {
      await absentIsUndefined(
        transport.exchange({
          method: 'DELETE',
          path: objectPath(type, name),
          body: {
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            propagationPolicy: 'Background',
            ...(preconditions === undefined ? {} : { preconditions }),
          },
        }),
      )
    },
    review: <T>(path: string, body: unknown) => transport.exchange<T>({ method: 'POST', path, body }),
  }
}

type ListOptions = NonNullable<Parameters<Resources['list']>[1]>
type WatchOptions = Parameters<Resources['watch']>[1]

const allPages = async <T extends KubernetesObject>(
  type: ResourceType,
  next: (token: string | undefined) => Promise<ListBody<T>>,
): Promise<ListPage<T>> => {
  const items: T[] = []
  // Items of a typed list leave apiVersion and kind out; every reader of a cache expects them.
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
  for (let token: string | undefined; ;) {
    const body = await next(token)
    for (const item of body.items ?? []) items.push({ ...item, apiVersion, kind: type.kind })
    token = body.metadata.continue || undefined
    if (token === undefined) return { items, resourceVersion: body.metadata.resourceVersion ?? '' }
  }
}

const absentIsUndefined = async <T>(answer: Promise<T>): Promise<T | undefined> => {
  try {
    return await answer
  } catch (error) {
    if (error instanceof KubernetesApiError && error.status === 404) return undefined
    throw error
  }
}
