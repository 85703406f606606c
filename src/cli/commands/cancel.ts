// swarm cancel: ends a run. Work in flight is stopped; what was done stays done.

import type { Command } from 'commander'
import { swarmRuns, type SwarmRun } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { isOver } from '../../domain/run/is-over.ts'
import { targetOf } from '../kinds.ts'
import { withClusterOptions } from '../options.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'

export const registerCancel = (program: Command): void => {
  withClusterOptions(program.command('cancel'))
    .summary('end a run: its model calls are cut short, no further call is made')
    .argument('<run>', 'NAME or run/NAME')
    .addHelpText('before', 'Examples:\n  swarm cancel incident-001 -n incident-response\n')
    .action(async (word: string, options: ClusterOptions) => {
      const { type, name } = targetOf([word.includes('/') ? word : `run/${word}`])
      if (name === undefined || type.kind !== 'SwarmRun') {
        throw new KubeswarmError({
          code: 'Usage',
          message: `cannot cancel "${word}": it is no run`,
          remedy: 'swarm cancel RUN',
        })
      }
      console.log(await withCluster(options, (cluster) => cancel({ cluster, name })))
    })
}

const cancel = async ({
  cluster: { connection, namespace },
  name,
}: {
  readonly cluster: Cluster
  readonly name: string
}): Promise<string> => {
  const run = await connection.get<SwarmRun>(swarmRuns, { namespace, name })
  if (run === undefined) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `SwarmRun ${namespace}/${name} not found`,
      remedy: `swarm get runs -n ${namespace}`,
    })
  }
  if (isOver(run)) {
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot cancel SwarmRun ${namespace}/${name}: it is over (${run.status?.phase ?? ''})`,
      remedy: `see what it did: swarm describe run/${name} -n ${namespace}`,
    })
  }
  await connection.patch<SwarmRun>(swarmRuns, { namespace, name }, { spec: { cancel: true } })
  return `SwarmRun ${namespace}/${name} is told to stop. Next: swarm logs run/${name} -n ${namespace} -f`
}
