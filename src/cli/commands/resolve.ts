// swarm resolve: says what became of a call whose outcome nobody knew, and lets its run go on.

import type { Command } from 'commander'
import { KubeswarmError } from '../../domain/error.ts'
import type { ResolvedOutcome } from '../../domain/journal/record.ts'
import { targetOf } from '../kinds.ts'
import { oneOf, withClusterOptions } from '../options.ts'
import { withCluster, type ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'

interface ResolveOptions extends ClusterOptions {
  readonly step?: string
  readonly outcome: ResolvedOutcome
  readonly result?: string
}

export const registerResolve = (program: Command): void => {
  withClusterOptions(program.command('resolve'))
    .summary('say what became of a call whose outcome is unknown, and let its run go on')
    .argument('<run>', 'NAME or run/NAME of a run that ended with OutcomeUnknown')
    .option('--step <step>', 'step whose call it is (default: the only one)')
    .requiredOption(
      '--outcome <outcome>',
      'done: it took effect and counts as answered; not-done: it did not, and is made again',
      oneOf('--outcome', ['done', 'not-done']),
    )
    .option('--result <text>', 'what the call would have answered, for the model (with done)')
    .addHelpText(
      'before',
      'Examples:\n  swarm resolve incident-001 --step notifier --outcome done\n  swarm resolve incident-001 --step notifier --outcome not-done -n incident-response\n',
    )
    .action(async (word: string, { step, outcome, result, ...options }: ResolveOptions) => {
      const { type, name } = targetOf([word.includes('/') ? word : `run/${word}`])
      if (name === undefined || type.kind !== 'SwarmRun') {
        throw new KubeswarmError({
          code: 'Usage',
          message: `cannot resolve "${word}": it is no run`,
          remedy: 'swarm resolve RUN --step STEP --outcome done (or not-done)',
        })
      }
      await withCluster(options, async (cluster) => {
        const hub = await openHub(cluster)
        const reply = await hub.resolve({
          run: name,
          outcome,
          ...(step === undefined ? {} : { step }),
          ...(result === undefined ? {} : { result }),
        })
        const verb = outcome === 'done' ? 'took effect' : 'did not take effect'
        console.log(`${reply.by} says that ${reply.calls.join(', ')} of step "${reply.step}" ${verb}`)
        console.log(
          reply.reopened
            ? `SwarmRun ${cluster.namespace}/${name} goes on. Next: swarm logs run/${name} -n ${cluster.namespace} -f`
            : `SwarmRun ${cluster.namespace}/${name} waits for a word about step ${reply.left.join(', ')}`,
        )
      })
    })
}
