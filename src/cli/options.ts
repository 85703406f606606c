// Options that several commands share, spelled once.

import type { Command } from 'commander'

export const withClusterOptions = (command: Command): Command =>
  command
    .option('-n, --namespace <namespace>', "namespace (default: the context's)")
    .option(
      '--kubeconfig <file>',
      'kubeconfig file (default: KUBECONFIG, a running "swarm dev", ~/.kube/config)',
    )
    .option('--context <name>', 'context of the kubeconfig')
