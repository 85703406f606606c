// Where an embedded cluster keeps its state, and which files other commands find there.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import envPaths from 'env-paths'
import { KubeswarmError } from '../../domain/error.ts'

export const defaultStateDirectory = (): string => join(envPaths('kubeswarm', { suffix: '' }).data, 'dev')

export const kubeconfigIn = (stateDirectory: string): string => join(stateDirectory, 'kubeconfig')

export const storeIn = (stateDirectory: string): string => join(stateDirectory, 'kubeswarm.db')

export const clusterIn = (stateDirectory: string): string => join(stateDirectory, 'kube')

/** Makes the directory, or says why it cannot be one. */
export const makeStateDirectory = async (stateDirectory: string): Promise<void> => {
  try {
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new KubeswarmError({
      code: 'StoreUnavailable',
      message: `cannot keep state in "${stateDirectory}": ${reasonOf(cause)}`,
      remedy: 'name a directory you can write to with --state, or keep nothing with --ephemeral',
      cause,
    })
  }
}

const reasonOf = (cause: unknown): string => {
  const { code, message } = cause as NodeJS.ErrnoException
  switch (code) {
    case 'EEXIST':
      return 'it is a file'
    case 'ENOTDIR':
      return 'a part of the path is a file'
    case 'EACCES':
    case 'EPERM':
      return 'it may not be written'
    case 'EROFS':
      return 'the file system is read-only'
    default:
      return message
  }
}

/** The kubeconfig of the embedded cluster in the default place; it exists only while that cluster runs. */
export const developmentKubeconfig = (): string => kubeconfigIn(defaultStateDirectory())
