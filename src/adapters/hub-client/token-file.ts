// A token that lives in a file and rotates: read again whenever the file changed, held in memory only meanwhile.

import { readFile, stat } from 'node:fs/promises'
import { KubeswarmError } from '../../domain/error.ts'

export interface TokenFile {
  token(): Promise<string>
  /** Drops what is cached: the other side refused it. */
  forget(): void
}

export const tokenFile = (path: string): TokenFile => {
  let cached: { readonly text: string; readonly version: string } | undefined
  return {
    token: async () => {
      try {
        const { mtimeMs, ino, size } = await stat(path)
        // Kubernetes swaps a symlink, so the inode changes even when the time does not.
        const version = `${mtimeMs}/${ino}/${size}`
        if (cached?.version !== version) cached = { text: (await readFile(path, 'utf8')).trim(), version }
        return cached.text
      } catch (cause) {
        throw new KubeswarmError({
          code: 'Unauthorized',
          message: `cannot read the hub token from "${path}"`,
          remedy: 'mount the ServiceAccount token there, or set KUBESWARM_HUB_TOKEN_PATH',
          retryable: true,
          cause,
        })
      }
    },
    forget: () => {
      cached = undefined
    },
  }
}
