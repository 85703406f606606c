// The ConfigMaps and Secrets that pods on this node refer to, each watched by name and only while someone needs it: a
// node must not be able to read every Secret of a cluster just because it runs one pod.

import { startInformer, type Informer } from '../client/informer.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { ConfigMap, Pod, Secret } from '../client/kubernetes-types.ts'
import type { Logger } from '../client/logger.ts'
import { kinds, pathOf } from '../client/resource-kind.ts'

type Referable = ConfigMap & Secret

interface Watched {
  readonly informer: Informer<Referable>
  readonly listeners: Set<() => void>
}

export interface PodReferences {
  /** Resolves when it is known for each object whether it exists. */
  readonly synced: Promise<void>
  configMap(name: string): ConfigMap | undefined
  secret(name: string): Secret | undefined
  release(): void
}

export interface ReferencedObjects {
  acquire(options: { readonly pod: Pod; readonly onChange: () => void }): PodReferences
  close(): Promise<void>
}

export function createReferencedObjects({
  client,
  logger,
}: {
  readonly client: KubeClient
  readonly logger: Logger
}): ReferencedObjects {
  const watched = new Map<string, Watched>()
  const closing = new Set<Promise<void>>()

  const watch = (type: 'configMaps' | 'secrets', namespace: string, name: string): Watched => {
    const key = `${type}/${namespace}/${name}`
    const known = watched.get(key)
    if (known !== undefined) return known
    const informer = startInformer<Referable>({
      client,
      path: pathOf({ kind: kinds[type], namespace }),
      fieldSelector: `metadata.name=${name}`,
      logger,
    })
    const listeners = new Set<() => void>()
    informer.onChange(() => {
      for (const listener of listeners) listener()
    })
    const entry = { informer, listeners }
    watched.set(key, entry)
    return entry
  }

  const unwatch = (key: string, listener: () => void): void => {
    const entry = watched.get(key)
    entry?.listeners.delete(listener)
    if (entry === undefined || entry.listeners.size > 0) return
    watched.delete(key)
    const done = entry.informer.close().finally(() => closing.delete(done))
    closing.add(done)
  }

  return {
    acquire({ pod, onChange }) {
      const namespace = pod.metadata.namespace ?? 'default'
      const { configMaps, secrets } = referencedNames(pod)
      const listener = (): void => onChange()
      const held = [
        ...configMaps.map((name) => ['configMaps', name] as const),
        ...secrets.map((name) => ['secrets', name] as const),
      ].map(([type, name]) => {
        const entry = watch(type, namespace, name)
        entry.listeners.add(listener)
        return { key: `${type}/${namespace}/${name}`, entry }
      })
      const find = (key: string, name: string): Referable | undefined =>
        watched.get(key)?.informer.get({ namespace, name })
      return {
        synced: Promise.all(held.map(({ entry }) => entry.informer.synced)).then(() => undefined),
        configMap: (name) => find(`configMaps/${namespace}/${name}`, name),
        secret: (name) => find(`secrets/${namespace}/${name}`, name),
        release() {
          for (const { key } of held) unwatch(key, listener)
        },
      }
    },
    async close() {
      const open = [...watched.values()].map(({ informer }) => informer.close())
      watched.clear()
      await Promise.all([...open, ...closing])
    },
  }
}

function referencedNames({ spec }: Pod): { configMaps: readonly string[]; secrets: readonly string[] } {
  const configMaps = new Set<string>()
  const secrets = new Set<string>()
  const note = (set: Set<string>, name: string | undefined): void => {
    if (name !== undefined && name !== '') set.add(name)
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { valueFrom } of container.env ?? []) {
      note(configMaps, valueFrom?.configMapKeyRef?.name)
      note(secrets, valueFrom?.secretKeyRef?.name)
    }
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      note(configMaps, configMapRef?.name)
      note(secrets, secretRef?.name)
    }
  }
  for (const { configMap, secret, projected } of spec.volumes ?? []) {
    note(configMaps, configMap?.name)
    note(secrets, secret?.secretName)
    for (const source of projected?.sources ?? []) {
      note(configMaps, source.configMap?.name)
      note(secrets, source.secret?.name)
    }
  }
  return { configMaps: [...configMaps], secrets: [...secrets] }
}
