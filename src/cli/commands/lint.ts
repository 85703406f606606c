// swarm lint: what the API server and admission would say, without either: schemas, references between the files,
// templates, policies.

import type { Command } from 'commander'
import { oneOf } from '../options.ts'

export const registerLint = (program: Command): void => {
  program
    .command('lint')
    .summary('check manifests without a cluster')
    .argument('<path...>', 'files or directories')
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm lint examples/incident-response\n  swarm lint my-agent.yaml -o json\n',
    )
    .action(async (paths: readonly string[], { output }: { readonly output: string }) => {
      const { lint } = await import('../lint.ts')
      process.exitCode = await lint({ paths, output })
    })
}
