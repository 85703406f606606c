// swarm describe: one object told to a person — state, where, why, how long, and what to do next.

import type { Command } from 'commander'
import { stringify } from 'yaml'
import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import type { KubernetesObject } from '../../api/resource.ts'
import { KubeswarmError } from '../../domain/error.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import { timeline } from '../../domain/journal/timeline.ts'
import { kindWords, targetOf } from '../kinds.ts'
import { withClusterOptions } from '../options.ts'
import { forTerminal } from '../output/for-terminal.ts'
import { table } from '../output/table.ts'
import { paintFor } from '../output/paint.ts'
import { runView, seconds } from '../output/run-view.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'

export const registerDescribe = (program: Command): void => {
  withClusterOptions(program.command('describe'))
    .summary('tell the state of one object, why it is so, and what to do next')
    .argument('<kind>', `one of ${kindWords.join(', ')}, or kind/name`)
    .argument('[name]')
    .addHelpText(
      'before',
      'Examples:\n  swarm describe run incident-001\n  swarm describe agent/incident-notifier -n incident-response\n',
    )
    .action(async (kind: string, name: string | undefined, options: ClusterOptions) => {
      const target = targetOf(name === undefined ? [kind] : [kind, name])
      const targetName = target.name
      if (targetName === undefined)
        throw new KubeswarmError({
          code: 'Usage',
          message: 'describe needs a name',
          remedy: `swarm describe ${kind} NAME`,
        })
      console.log(
        await withCluster(options, (cluster) => describe({ cluster, type: target.type, name: targetName })),
      )
    })
}

const describe = async ({
  cluster,
  type,
  name,
}: {
  readonly cluster: Cluster
  readonly type: ReturnType<typeof targetOf>['type']
  readonly name: string
}): Promise<string> => {
  const { connection, namespace } = cluster
  const object = await connection.get<
    KubernetesObject & { spec?: unknown; status?: { conditions?: readonly ConditionLike[] } }
  >(type, { namespace, name })
  if (object === undefined) {
    throw new KubeswarmError({
      code: 'NotFound',
      message: `${type.kind} ${namespace}/${name} not found`,
      remedy: `swarm get ${type.plural} -n ${namespace}`,
    })
  }
  const head = [
    `Name:       ${name}`,
    `Namespace:  ${namespace}`,
    `Kind:       ${type.kind}`,
    `Created:    ${object.metadata.creationTimestamp ?? 'unknown'}`,
    '',
    ...conditionLines(object.status?.conditions ?? []),
  ]
  const rest =
    type.kind === 'SwarmRun'
      ? await runLines(cluster, object as unknown as SwarmRun)
      : [
          ...(type.kind === 'SwarmAgent' ? ['', await queueLine(cluster, name)] : []),
          '',
          'Spec:',
          indent(stringify(object.spec)),
        ]
  return [...head, ...rest].join('\n').trimEnd()
}

interface ConditionLike {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

const conditionLines = (conditions: readonly ConditionLike[]): readonly string[] =>
  conditions.length === 0
    ? ['Conditions: none yet']
    : [
        'Conditions:',
        ...conditions.map(
          ({ type, status, reason, message }) =>
            `  ${type}=${status} (${reason})${message === '' ? '' : `: ${message}`}`,
        ),
      ]

/** How many tasks wait for the agent, and since when. */
const queueLine = async (cluster: Cluster, agent: string): Promise<string> => {
  const { queued, leased, oldestAgeMs } = await (await openHub(cluster)).queue({ agent })
  const wait =
    queued === 0
      ? 'no task waits'
      : `${queued} ${queued === 1 ? 'task waits' : 'tasks wait'}, the oldest for ${seconds(oldestAgeMs ?? 0)}`
  return `Queue:      ${wait}; ${leased} under way`
}

const runLines = async (cluster: Cluster, run: SwarmRun): Promise<readonly string[]> => {
  const records: JournalRecord[] = []
  const hub = await openHub(cluster)
  try {
    for await (const record of hub.journal({ run: run.metadata.name, follow: false })) records.push(record)
  } catch (error) {
    // A run that was refused at its start has no journal; its conditions say why.
    if (!(error instanceof KubeswarmError && error.code === 'NotFound')) throw error
  }
  if (records.length === 0)
    return [
      '',
      run.status?.phase === 'Failed'
        ? 'Nothing was done: the run failed before its first step. Correct what the condition says and start a new run.'
        : 'Nothing has happened yet: the run has no journal.',
    ]
  const view = runView({ paint: paintFor(process.stdout), modelOverride: hub.modelOverride })
  const { totalMs, modelMs, toolMs, overheadMs } = timeline(records)
  return [
    '',
    'Steps:',
    indent(stepsTable(run, records)),
    '',
    'What happened:',
    ...records.flatMap((record) => view.lines(record)),
    '',
    `Time: ${seconds(totalMs)} (model ${seconds(modelMs)}, tools ${seconds(toolMs)}, the rest ${seconds(overheadMs)})`,
    ...(run.status?.output === undefined ? [] : ['', 'Output:', indent(run.status.output)]),
    '',
    `Next: swarm logs run/${run.metadata.name} -n ${cluster.namespace}, kubectl get swarmrun ${run.metadata.name} -n ${cluster.namespace} -o yaml`,
  ]
}

/** Where each step is, how often it was tried, how long its latest task waited for the agent, and what it waits for. */
const stepsTable = ({ status }: SwarmRun, records: readonly JournalRecord[]): string =>
  table([
    ['STEP', 'PHASE', 'AGENT', 'ATTEMPTS', 'QUEUED', 'CALLS', 'DENIED', 'MESSAGE'],
    ...(status?.steps ?? []).map(
      ({ name, phase, resolvedAgent, attempts, toolCallsMade, toolCallsDenied, message }) => [
        name,
        phase ?? 'Pending',
        resolvedAgent ?? '',
        String(attempts ?? 0),
        queuedFor(name, records),
        String(toolCallsMade ?? 0),
        String(toolCallsDenied ?? 0),
        forTerminal(message ?? ''),
      ],
    ),
  ])

const queuedFor = (step: string, records: readonly JournalRecord[]): string => {
  const submitted = records.findLast((record) => record.type === 'step.submitted' && record.step === step)
  if (submitted === undefined) return '-'
  const next = records.find(
    (record) => record.seq > submitted.seq && 'step' in record && record.step === step,
  )
  return seconds((next === undefined ? Date.now() : Date.parse(next.at)) - Date.parse(submitted.at))
}

const indent = (text: string): string => text.replaceAll(/^/gm, '  ')
