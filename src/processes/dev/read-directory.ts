// Reads every manifest below a directory (or one file): all objects, and every fault with file, line and column.

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseManifests, type Manifests } from '../../api/manifest.ts'
import { KubeswarmError } from '../../domain/error.ts'

export type ReadManifests = Manifests

/** YAML files directly in the directory, by name; folders below it are variants and not read. */
export const readManifests = async (path: string): Promise<ReadManifests> => {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `cannot read manifests: "${path}" does not exist`,
      remedy: 'give a directory of YAML files, or one file',
    })
  }
  const files = await filesOf(path, info.isDirectory())
  if (files.length === 0) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `cannot read manifests: the directory "${path}" holds no *.yaml or *.yml file`,
      remedy: 'name the directory your manifests are in; folders below it are not read',
    })
  }
  const parsed = await Promise.all(
    files.map(async (source) => parseManifests({ text: await readFile(source, 'utf8'), source })),
  )
  return {
    objects: parsed.flatMap(({ objects }) => objects),
    errors: parsed.flatMap(({ errors }) => errors),
    warnings: parsed.flatMap(({ warnings }) => warnings),
  }
}

const filesOf = async (path: string, isDirectory: boolean): Promise<readonly string[]> =>
  isDirectory
    ? (await readdir(path))
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path]
