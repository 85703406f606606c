// swarm lint: what the API server and admission would say, without either: schemas, references between the files,
// templates, policies. With --cluster, beside what is there already.

import type { Command } from 'commander'
import { oneOf, withClusterOptions } from '../options.ts'
import type { ClusterOptions } from '../session/cluster.ts'

interface LintOptions extends ClusterOptions {
  readonly cluster?: boolean
  readonly output: string
}

export const registerLint = (program: Command): void => {
  withClusterOptions(program.command('lint'))
    .summary('check manifests, without a cluster or beside what is in one')
    .argument('<path...>', 'files or directories')
    .option('--cluster', 'judge them by the agents, teams, policies and settings of the cluster too')
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm lint examples/incident-response\n  swarm lint --cluster my-agent.yaml -n incident-response\n  swarm lint my-agent.yaml -o json\n',
    )
    .action(async (paths: readonly string[], { output, cluster, ...options }: LintOptions) => {
      const { lint } = await import('../lint.ts')
      process.exitCode = await lint({ paths, output, ...(cluster === true ? { cluster: options } : {}) })
    })
}
