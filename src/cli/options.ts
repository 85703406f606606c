// Options that several commands share, spelled once.

import type { Command } from 'commander'
import { KubeswarmError } from '../domain/error.ts'

/** The reader of an option that takes one of a few words. */
export const oneOf =
  <T extends string>(option: string, words: readonly T[]) =>
  (value: string): T => {
    const found = words.find((word) => word === value)
    if (found !== undefined) return found
    throw new KubeswarmError({
      code: 'Usage',
      message: `${option} "${value}" is not known`,
      remedy: `${option} takes ${words.join(', ')}`,
    })
  }

/** The reader of an option that may be given more than once. */
export const collected = (value: string, previous: readonly string[]): readonly string[] => [
  ...previous,
  value,
]

export const withClusterOptions = (command: Command): Command =>
  command
    .option('-n, --namespace <namespace>', "namespace (default: the context's)")
    .option(
      '--kubeconfig <file>',
      'kubeconfig file (default: KUBECONFIG, a running "swarm dev", ~/.kube/config)',
    )
    .option('--context <name>', 'context of the kubeconfig')
