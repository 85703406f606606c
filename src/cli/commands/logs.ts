// swarm logs: what a run did, from its journal (all agents of the run, in order), or what an agent's pods printed.

import type { Command } from 'commander'
import type { KubernetesObject } from '../../api/resource.ts'
import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { runType, targetOf } from '../kinds.ts'
import { oneOf, withClusterOptions } from '../options.ts'
import { paintFor } from '../output/paint.ts'
import { runView } from '../output/run-view.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'

interface LogsOptions extends ClusterOptions {
  readonly follow?: boolean
  readonly step?: string
  readonly output: string
}

export const registerLogs = (program: Command): void => {
  withClusterOptions(program.command('logs'))
    .summary("show what a run did, or what an agent's pods printed")
    .argument('<target>', 'run/NAME or agent/NAME')
    .option('-f, --follow', 'keep following until the run ends')
    .option('--step <step>', 'only this step of the run')
    .option(
      '-o, --output <format>',
      'text, or json: one journal record a line',
      oneOf('--output', ['text', 'json']),
      'text',
    )
    .addHelpText(
      'before',
      'Examples:\n  swarm logs run/incident-001 -f\n  swarm logs run/incident-001 --step notifier -o json\n  swarm logs agent/incident-notifier\n',
    )
    .action(async (target: string, options: LogsOptions) => {
      const { type, name } = targetOf([target.includes('/') ? target : `run/${target}`])
      if (name === undefined || (type.kind !== 'SwarmRun' && type.kind !== 'SwarmAgent')) {
        throw new KubeswarmError({
          code: 'Usage',
          message: `cannot show logs of "${target}"`,
          remedy: 'swarm logs run/NAME, or swarm logs agent/NAME',
        })
      }
      await withCluster(options, (cluster) =>
        type.kind === 'SwarmRun'
          ? runLogs({ cluster, name, options })
          : agentLogs({ cluster, name, follow: options.follow === true }),
      )
    })
}

const runLogs = async ({
  cluster,
  name,
  options,
}: {
  readonly cluster: Cluster
  readonly name: string
  readonly options: LogsOptions
}) => {
  await mustHaveBegun({ cluster, name })
  const hub = await openHub(cluster)
  const view = runView({ paint: paintFor(process.stdout), modelOverride: hub.modelOverride })
  for await (const record of hub.journal({ run: name, follow: options.follow === true })) {
    const concerns = options.step === undefined || !('step' in record) || record.step === options.step
    if (!concerns) continue
    if (options.output === 'json') console.log(JSON.stringify(record))
    else for (const line of view.lines(record)) console.log(line)
  }
}

/** A run that is not there, or that was refused before its first step, has no journal to wait for. */
const mustHaveBegun = async ({ cluster, name }: { readonly cluster: Cluster; readonly name: string }) => {
  const { connection, namespace } = cluster
  const run = await connection.get<SwarmRun>(runType, { namespace, name })
  if (run === undefined) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `SwarmRun ${namespace}/${name} not found`,
      remedy: `swarm get runs -n ${namespace}`,
    })
  }
  const { phase, startTime, conditions } = run.status ?? {}
  if (phase !== 'Failed' || startTime !== undefined) return
  const verdict = conditions?.find(({ type }) => type === 'Succeeded')
  throw new KubeswarmError({
    code: 'NotFound',
    message: `SwarmRun ${namespace}/${name} has no log, it failed before its first step: ${verdict?.message ?? phase} [${verdict?.reason ?? phase}]`,
    remedy: 'correct that and start a new run',
  })
}

const agentLogs = async ({
  cluster,
  name,
  follow,
}: {
  readonly cluster: Cluster
  readonly name: string
  readonly follow: boolean
}) => {
  const { connection, namespace } = cluster
  const { items } = await connection.list<KubernetesObject>(
    { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
    { namespace, labelSelector: `kubeswarm/deployment=${name}` },
  )
  if (items.length === 0) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `SwarmAgent ${namespace}/${name} has no pods`,
      remedy: `swarm describe agent ${name} -n ${namespace}`,
    })
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  await Promise.all(
    items.map(async ({ metadata }) => {
      const body = await connection.transport.stream({
        method: 'GET',
        path: `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log`,
        query: follow ? { follow: 'true' } : {},
        accept: '*/*',
        signal: stop.signal,
        idleTimeoutMs: 0,
      })
      const prefix = items.length > 1 ? `${metadata.name} ` : ''
      let rest = ''
      for await (const chunk of body) {
        const lines = (rest + chunk.toString('utf8')).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) console.log(prefix + line)
      }
      if (rest !== '') console.log(prefix + rest)
    }),
  )
}
