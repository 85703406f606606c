// The volumes of one pod as directories, kept current while it runs, and where each container finds them.

import { existsSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod } from '../client/kubernetes-types.ts'
import { writeAtomicDirectory } from './atomic-directory.ts'
import type { PodPlace } from './field-reference.ts'
import type { PodReferences } from './referenced-objects.ts'
import type { PodTokens } from './service-account-tokens.ts'
import { volumeFiles } from './volume-files.ts'

export type VolumeState =
  | { readonly type: 'ready' }
  | { readonly type: 'waiting'; readonly reason: 'FailedMount'; readonly message: string }

export interface PodVolumes {
  /** Writes what changed. Safe to call at any time; calls run one after another. */
  refresh(pod: Pod): Promise<VolumeState>
  /** Takes Secrets and tokens off the disk. The last call: what comes after it changes nothing. */
  unmount(pod: Pod): Promise<void>
  /** mountPath → real path. */
  mounts(container: Container): Readonly<Record<string, string>>
}

export function createPodVolumes({
  directory,
  place,
  references,
  tokens,
}: {
  readonly directory: string
  readonly place: PodPlace
  readonly references: PodReferences
  readonly tokens: PodTokens
}): PodVolumes {
  let tail: Promise<unknown> = Promise.resolve()
  let unmounted = false

  const write = async (pod: Pod): Promise<VolumeState> => {
    for (const volume of unmounted ? [] : (pod.spec.volumes ?? [])) {
      const { configMap, secret } = references
      const result = volumeFiles({
        pod,
        volume,
        place,
        configMap,
        secret,
        token: (source) => tokens.get(source),
      })
      if (result.type !== 'ready') return { type: 'waiting', reason: 'FailedMount', message: result.message }
      const target = join(directory, volume.name)
      if (result.files === undefined) mkdirSync(target, { recursive: true, mode: 0o700 })
      else await writeAtomicDirectory({ directory: target, files: result.files })
    }
    return { type: 'ready' }
  }

  return {
    refresh(pod) {
      const next = tail.then(() => write(pod))
      tail = next.catch(() => undefined)
      return next
    },
    async unmount(pod) {
      unmounted = true
      await tail
      for (const { name, secret, projected } of pod.spec.volumes ?? [])
        if (secret !== undefined || projected !== undefined)
          await rm(join(directory, name), { recursive: true, force: true })
    },
    mounts(container) {
      const result: Record<string, string> = {}
      for (const { name, mountPath, subPath } of container.volumeMounts ?? []) {
        const path = join(directory, name, subPath ?? '')
        if (subPath !== undefined && !existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 })
        result[mountPath] = path
      }
      return result
    },
  }
}
