// Kubernetes Events: what happened to an object, for people who run `kubectl describe`. Repeats count up instead of
// piling up. Losing one is allowed: nothing waits for it and nothing decides by it.

import { createHash } from 'node:crypto'
import { isNotFound } from './api-error.ts'
import type { KubeClient } from './kube-client.ts'
import type { ObjectReference, Stored } from './kubernetes-types.ts'
import { silentLogger, type Logger } from './logger.ts'
import { apiVersionOf, kinds, type ResourceKind } from './resource-kind.ts'

export interface EventRecorder {
  record(event: {
    readonly object: Stored
    readonly kind: ResourceKind
    readonly fieldPath?: string
    readonly type: 'Normal' | 'Warning'
    readonly reason: string
    readonly message: string
  }): void
  /** Waits for the events under way. */
  close(): Promise<void>
}

const remembered = 1_000

export function createEventRecorder({
  client,
  component,
  host,
  logger = silentLogger,
}: {
  readonly client: KubeClient
  readonly component: string
  readonly host?: string
  readonly logger?: Logger
}): EventRecorder {
  const counts = new Map<string, { readonly name: string; readonly count: number }>()
  const tails = new Map<string, Promise<void>>()

  const write = async (
    reference: ObjectReference,
    key: string,
    type: string,
    reason: string,
    message: string,
  ) => {
    const namespace = reference.namespace ?? 'default'
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    const known = counts.get(key)
    if (known !== undefined) {
      const count = known.count + 1
      try {
        await client.patch({
          kind: kinds.events,
          namespace,
          name: known.name,
          body: { count, lastTimestamp: now },
        })
        counts.set(key, { name: known.name, count })
        return
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    const name = `${reference.name}.${(BigInt(Date.now()) * 1_000_000n + BigInt(counts.size)).toString(16)}${key.slice(0, 4)}`
    await client.create({
      kind: kinds.events,
      namespace,
      body: {
        metadata: { name, namespace },
        involvedObject: reference,
        type,
        reason,
        message: message.slice(0, 1024),
        source: { component, host },
        reportingComponent: component,
        reportingInstance: host ?? '',
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
      },
    })
    if (counts.size >= remembered) counts.delete(counts.keys().next().value ?? '')
    counts.set(key, { name, count: 1 })
  }

  return {
    record({ object, kind, fieldPath, type, reason, message }) {
      const { namespace, name, uid, resourceVersion } = object.metadata
      const reference: ObjectReference = {
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        name,
        uid,
        resourceVersion,
        ...(namespace !== undefined && { namespace }),
        ...(fieldPath !== undefined && { fieldPath }),
      }
      const key = createHash('sha256')
        .update(JSON.stringify([uid, fieldPath, type, reason, message]))
        .digest('hex')
      // One after another per object, so that they arrive in the order in which things happened.
      const tail = (tails.get(uid) ?? Promise.resolve())
        .then(() => write(reference, key, type, reason, message))
        .catch((error: unknown) => logger.debug({ error: String(error) }, 'event not recorded'))
        .finally(() => {
          if (tails.get(uid) === tail) tails.delete(uid)
        })
      tails.set(uid, tail)
    },
    async close() {
      await Promise.allSettled(tails.values())
    },
  }
}
