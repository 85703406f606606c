// YAML files that ship with a feature and that users add their own to: a name means a built-in one, anything that looks
// like a path is read where it is.

import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KubeswarmError } from '../domain/error.ts'

export interface BuiltInFiles {
  /** Names of those that ship, in order. */
  names(): Promise<readonly string[]>
  /** Text of a built-in one or of a file. Throws KubeswarmError `NotFound`, which lists the built-in ones. */
  read(nameOrPath: string): Promise<string>
}

export const builtInFiles = ({
  directory,
  what,
}: {
  readonly directory: URL
  /** For messages: `scenario`. */
  readonly what: string
}): BuiltInFiles => {
  const noun = what.split(' ').at(-1)
  const names = async (): Promise<readonly string[]> =>
    (await readdir(directory))
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => basename(file, '.yaml'))
      .toSorted()
  return {
    names,
    async read(nameOrPath) {
      const isPath = /[/\\]|\.ya?ml$/.test(nameOrPath)
      const path = isPath ? nameOrPath : fileURLToPath(new URL(`${nameOrPath}.yaml`, directory))
      try {
        return await readFile(path, 'utf8')
      } catch (cause) {
        throw new KubeswarmError({
          code: 'NotFound',
          message: `cannot load ${what} "${nameOrPath}": no such ${isPath ? 'file' : `built-in ${noun}`}`,
          remedy: `name one of ${(await names()).join(', ')}, or give the path of a ${noun} file`,
          cause,
        })
      }
    },
  }
}
