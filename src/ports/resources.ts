// The Kubernetes API as the operator uses it: typed by the caller, addressed by kind. The adapter speaks HTTP to a
// real cluster and to local-kube alike.

import type { KubernetesObject, ResourceType } from '../api/resource.ts'

export type { ResourceType }

export interface ObjectName {
  readonly namespace?: string
  readonly name: string
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
}

export interface Resources {
  get<T extends KubernetesObject>(type: ResourceType, name: ObjectName): Promise<T | undefined>
  /** Follows `continue` to the end. */
  list<T extends KubernetesObject>(
    type: ResourceType,
    options?: {
      readonly namespace?: string
      readonly labelSelector?: string
      /** Asks for apiVersion, kind and metadata alone; a server that cannot do so may send the whole object. */
      readonly metadataOnly?: boolean
    },
  ): Promise<ListPage<T>>
  /**
   * Events after `resourceVersion`, until the server ends the stream or `signal` aborts. Throws KubernetesApiError
   * with status 410 when the version is too old, also when the server says so inside the stream.
   */
  watch<T extends KubernetesObject>(
    type: ResourceType,
    options: {
      readonly resourceVersion: string
      readonly namespace?: string
      readonly labelSelector?: string
      readonly metadataOnly?: boolean
      readonly signal: AbortSignal
    },
  ): AsyncIterable<WatchEvent<T>>
  create<T extends KubernetesObject>(type: ResourceType, object: T): Promise<T>
  /** Server-side apply with field manager `kubeswarm-operator`, force. */
  apply<T extends KubernetesObject>(type: ResourceType, object: T): Promise<T>
  /** Merge patch of the main resource. */
  patch<T extends KubernetesObject>(type: ResourceType, name: ObjectName, patch: unknown): Promise<T>
  /** Merge patch of the status subresource; with `resourceVersion` only of that version, else 409. */
  patchStatus<T extends KubernetesObject>(
    type: ResourceType,
    name: ObjectName,
    status: unknown,
    options?: { readonly resourceVersion?: string | undefined },
  ): Promise<T>
  /** Deletes with background propagation. Not found is not an error. */
  delete(type: ResourceType, name: ObjectName, preconditions?: { readonly uid?: string }): Promise<void>
  /** POST to a create-only API (TokenReview, SubjectAccessReview). */
  review<T>(path: string, body: unknown): Promise<T>
}

/** What the API server refused, with its own Status. */
export class KubernetesApiError extends Error {
  readonly status: number
  readonly reason: string
  /** The server's own words, where it had any; `message` says the call as well. */
  readonly said: string | undefined
  readonly retryAfterMs: number | undefined

  constructor({
    status,
    reason,
    message,
    said,
    retryAfterMs,
    cause,
  }: {
    status: number
    reason: string
    message: string
    said?: string
    retryAfterMs?: number
    cause?: unknown
  }) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'KubernetesApiError'
    this.status = status
    this.reason = reason
    this.said = said
    this.retryAfterMs = retryAfterMs
  }
}
