// What was made of the files of a mounted volume, kept as long as the volume stays as it is.

import { readlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The value as it was read last, read anew when the mounted directory has changed. A kubelet changes all files of a
 * volume at once by renaming the link `..data`; a directory without one is read each time.
 */
export const whileMounted = <T>(directory: string | undefined, compute: () => T): (() => T) => {
  let last: { readonly version: string; readonly value: T } | undefined
  return () => {
    const version = directory === undefined ? 'nothing is mounted' : linkTarget(join(directory, '..data'))
    if (version === undefined) return compute()
    if (last?.version !== version) last = { version, value: compute() }
    return last.value
  }
}

const linkTarget = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
