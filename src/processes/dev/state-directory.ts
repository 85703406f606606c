// Where an embedded cluster keeps its state, and which files other commands find there.

import { join } from 'node:path'
import envPaths from 'env-paths'

export const defaultStateDirectory = (): string => join(envPaths('kubeswarm', { suffix: '' }).data, 'dev')

export const kubeconfigIn = (stateDirectory: string): string => join(stateDirectory, 'kubeconfig')

/** The kubeconfig of the embedded cluster in the default place; it exists only while that cluster runs. */
export const developmentKubeconfig = (): string => kubeconfigIn(defaultStateDirectory())
