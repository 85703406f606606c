// swarm diff: what applying manifests would change in what agents may do. `kubectl diff` shows the fields; this shows
// what they mean.

import type { Command } from 'commander'
import { KubeswarmError } from '../../domain/error.ts'
import { collected, oneOf, withClusterOptions } from '../options.ts'
import { paintFor } from '../output/paint.ts'
import type { ClusterOptions } from '../session/cluster.ts'
import { appliedTo, namespaceOf, readSwarmObjects, withWorld } from '../session/world.ts'
import { whatIf, whatIfLines } from '../what-if.ts'

interface DiffOptions extends ClusterOptions {
  readonly file: readonly string[]
  readonly against: readonly string[]
  readonly output: 'text' | 'json'
}

export const registerDiff = (program: Command): void => {
  withClusterOptions(program.command('diff'))
    .summary('say who would gain or lose which permission by these manifests')
    .option('-f, --file <path>', 'manifests to apply in thought; repeat for more', collected, [])
    .option('--against <path>', 'manifests that stand for the cluster; repeat for more', collected, [])
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm diff -f notifier-agent.yaml\n  swarm diff -f examples/incident-response/constrained --against examples/incident-response\n',
    )
    .action(async ({ file, against, output, ...cluster }: DiffOptions) => {
      if (file.length === 0)
        throw new KubeswarmError({
          code: 'Usage',
          message: 'diff needs manifests',
          remedy: 'swarm diff -f FILE_OR_DIRECTORY',
        })
      const objects = await readSwarmObjects(file)
      const changes = await withWorld(
        { ...cluster, manifests: against, preferred: namespaceOf(objects) },
        async (before) => whatIf({ before, after: appliedTo(before, objects) }),
      )
      if (output === 'json') console.log(JSON.stringify(changes, undefined, 2))
      else for (const line of whatIfLines(changes, paintFor(process.stdout))) console.log(line)
      if (output === 'text' && changes.agents.length === 0 && changes.separation.length === 0)
        console.error('no agent gains or loses anything')
    })
}
