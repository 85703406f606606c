// swarm demo: the incident-response story on an embedded cluster, shown as it happens, witnessed by the mock servers'
// own ledgers.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import { timeline } from '../../domain/journal/timeline.ts'
import { applyAll, readAll, startSession, untilReady, type DevSession } from '../dev-session.ts'
import { exitCodes } from '../exit.ts'
import { runType } from '../kinds.ts'
import { modelLine, modelReason } from '../output/model-line.ts'
import { paintFor, type Paint } from '../output/paint.ts'
import { progressOn } from '../output/progress.ts'
import { seconds } from '../output/run-view.ts'
import { separationMatrix, type KnownTool } from '../output/separation-matrix.ts'
import { stepTable } from '../output/step-table.ts'
import { readLedger } from '../session/mock-ledger.ts'
import { openHub } from '../session/hub-reader.ts'
import type { Cluster } from '../session/cluster.ts'
import { stopSignal } from '../until-stopped.ts'
import { watchRun, type WatchedRun } from '../watch-run.ts'

const story = fileURLToPath(new URL('../../../examples/incident-response', import.meta.url))
const incidents = { database: 'sample-incident.yaml', certificate: 'second-incident.yaml' } as const

interface DemoOptions {
  readonly keep?: boolean
  readonly incident: string
  readonly output: string
  readonly logLevel: string
}

export const registerDemo = (program: Command): void => {
  program
    .command('demo')
    .summary('play the incident-response story on an embedded cluster')
    .option('--keep', 'stay up afterwards and print the kubeconfig line')
    .option('--incident <name>', Object.keys(incidents).join(' or '), 'database')
    .option('--log-level <level>', 'what the components log to standard error', 'warn')
    .option('-o, --output <format>', 'text, or json: the figures at the end', 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm demo\n  swarm demo --incident certificate\n  swarm demo --keep\n',
    )
    .action(async (options: DemoOptions) => {
      process.exitCode = await demo(options)
    })
}

const demo = async ({ keep, incident, output, logLevel }: DemoOptions): Promise<number> => {
  const runFile = incidents[incident as keyof typeof incidents]
  if (runFile === undefined)
    throw new KubeswarmError({
      code: 'Usage',
      message: `unknown incident "${incident}"`,
      remedy: `--incident ${Object.keys(incidents).join(' or ')}`,
    })
  const startedAt = performance.now()
  const stop = stopSignal()
  const stream = output === 'json' ? process.stderr : process.stdout
  const paint = paintFor(stream)
  const say = (line = '') => stream.write(`${line}\n`)
  const progress = progressOn({ stream, paint })

  const objects = (await readAll(story)).map(({ object }) => object)
  const [runManifest] = (await readAll(join(story, runFile))).map(
    ({ object }) => object as unknown as SwarmRun,
  )
  if (runManifest === undefined)
    throw new KubeswarmError({ code: 'InvalidManifest', message: `${runFile} holds no SwarmRun` })
  const namespace = runManifest.metadata.namespace ?? 'default'

  say(`${paint.bold('kubeswarm demo')}: an alert arrives, three agents answer it`)
  progress.update('starting the embedded cluster')
  const session = await startSession({ objects, apiPort: 0, hubPort: 0, logLevel })
  const { cluster, model } = session
  try {
    say(`  model: ${paint.bold(modelLine(model))}`)
    const reason = modelReason(model)
    if (reason !== undefined) say(paint.dim(`         ${reason}`))
    say(
      paint.dim(
        '  cluster: embedded (local-kube), for development; mock Grafana, PagerDuty and Slack are real MCP servers with canned data',
      ),
    )
    progress.done(`embedded cluster up (${seconds(performance.now() - startedAt)})`)
    const namespaces = await applyAll({ cluster, objects, progress })
    progress.done('manifests applied from examples/incident-response')
    const { agents } = await untilReady({ cluster, namespaces, progress, signal: stop })
    progress.done(
      `${agents.length} agents and their tool servers ready (${seconds(performance.now() - startedAt)})`,
    )
    say()
    say(paint.dim(indent(String(runManifest.spec.input?.['alert'] ?? '').trim())))
    say()

    const reader: Cluster = {
      connection: cluster.connection,
      namespace,
      kubeconfigPath: cluster.kubeconfigPath,
    }
    stop.throwIfAborted()
    await cluster.connection.create(runType, {
      ...runManifest,
      metadata: { ...runManifest.metadata, namespace },
    })
    const watched = await watchRun({
      cluster: reader,
      hub: await openHub(reader),
      run: runManifest.metadata.name,
      print: say,
      paint,
      signal: stop,
    })
    await tell({ session, reader, watched, say, paint, startedAt, json: output === 'json' })

    if (keep === true) {
      say(`  export KUBECONFIG=${cluster.kubeconfigPath}`)
      say(`  staying up; try: kubectl get swarmagents,swarmruns -n ${namespace}; Ctrl-C stops everything`)
      if (!stop.aborted)
        await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
    }
    return watched.phase === 'Succeeded' ? exitCodes.ok : exitCodes.runFailed
  } catch (error) {
    if (!stop.aborted) throw error
    return exitCodes.interrupted
  } finally {
    progress.clear()
    await cluster.close()
  }
}

const tell = async ({
  session,
  reader,
  watched,
  say,
  paint,
  startedAt,
  json,
}: {
  readonly session: DevSession
  readonly reader: Cluster
  readonly watched: WatchedRun
  readonly say: (line?: string) => void
  readonly paint: Paint
  readonly startedAt: number
  readonly json: boolean
}): Promise<void> => {
  const { connection, namespace } = reader
  const calls = async (server: string, tool: string) =>
    (await readLedger({ transport: connection.transport, namespace, server })).filter(
      (entry) => entry.tool === tool && entry.executed,
    )
  const posts = await calls('slack', 'post_message')
  const acknowledgements = await calls('pagerduty', 'acknowledge_incident')

  say()
  for (const { arguments: post } of posts) {
    say(paint.bold(`What Slack received, in ${String(post['channel'])}:`))
    say(quote(String(post['text']), paint))
  }
  for (const { arguments: acknowledgement } of acknowledgements)
    say(
      `${paint.bold('What PagerDuty received:')} acknowledge_incident ${String(acknowledgement['incident_id'])}`,
    )
  if (watched.phase === 'Succeeded' && (posts.length === 0 || acknowledgements.length === 0)) {
    say(
      paint.yellow(
        `  the run succeeded, but the ledgers show ${posts.length} posts and ${acknowledgements.length} acknowledgements`,
      ),
    )
  }

  const { totalMs, modelMs, toolMs, overheadMs } = timeline(watched.records)
  const agents = agentsOf(watched.records)
  say()
  say(stepTable(watched.records))
  say()
  say(
    `Run ${seconds(totalMs)}: model ${seconds(modelMs)}, tools ${seconds(toolMs)}, kubeswarm itself ${paint.bold(`${Math.round(overheadMs)} ms`)}; the demo ${seconds(performance.now() - startedAt)}`,
  )
  say()
  say(
    paint.bold('Who may call what') +
      paint.dim(' (answers of the gate, under the policies of the namespace)'),
  )
  say(
    separationMatrix({
      policies: (
        await Promise.all(
          agents.map((agent) => session.cluster.store.policies.get({ namespace, name: agent })),
        )
      ).filter((policy) => policy !== undefined),
      tools: toolsCalled(watched.records),
      paint,
    }),
  )
  say()
  say(`Model: ${modelLine(session.model)}`)
  say(
    `Look next: swarm dev examples/incident-response, then kubectl; the manifests are in examples/incident-response`,
  )
  if (json) {
    console.log(
      JSON.stringify({
        phase: watched.phase,
        model: session.model,
        totalMs,
        modelMs,
        toolMs,
        overheadMs,
        demoMs: Math.round(performance.now() - startedAt),
        slack: posts.map(({ arguments: post }) => post),
        pagerduty: acknowledgements.map(({ arguments: acknowledgement }) => acknowledgement),
      }),
    )
  }
}

const agentsOf = (records: readonly JournalRecord[]): readonly string[] => {
  const started = records.find((record) => record.type === 'run.started')
  return started?.type === 'run.started' ? [...new Set(started.snapshot.steps.map(({ agent }) => agent))] : []
}

const toolsCalled = (records: readonly JournalRecord[]): readonly KnownTool[] => [
  ...new Map(
    records.flatMap((record) =>
      record.type === 'tool.intended' || record.type === 'tool.denied'
        ? [[`${record.server}/${record.tool}`, record] as const]
        : [],
    ),
  ).values(),
]

const quote = (text: string, paint: Paint): string => text.trim().replaceAll(/^/gm, `  ${paint.cyan('│')} `)
const indent = (text: string): string => text.replaceAll(/^/gm, '    ')
