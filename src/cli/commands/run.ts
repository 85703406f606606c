// swarm run: starts a run of a team or an agent and follows it to its end.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parseManifests } from '../../api/manifest.ts'
import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { KubernetesApiError } from '../../ports/resources.ts'
import { errorLines, exitCodes, refusalOf } from '../exit.ts'
import { runType } from '../kinds.ts'
import { oneOf, withClusterOptions } from '../options.ts'
import { collectInput, readTextFile } from '../run-input.ts'
import { paintFor } from '../output/paint.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'
import { whyRunFailed } from '../output/run-failure.ts'
import { watchRun } from '../watch-run.ts'

interface RunOptions extends ClusterOptions {
  readonly file?: string
  readonly agent?: string
  readonly prompt?: string
  readonly input: Readonly<Record<string, string>>
  readonly name?: string
  readonly watch: boolean
  readonly output: string
}

export const registerRun = (program: Command): void => {
  withClusterOptions(program.command('run'))
    .summary('start a run of a team or an agent and follow it')
    .argument('[team]', 'SwarmTeam to run')
    .option('-f, --file <file>', 'SwarmRun manifest')
    .option('--agent <agent>', 'run one SwarmAgent alone (with --prompt)')
    .option('--prompt <text>', 'what to ask the agent; - reads standard input')
    .option(
      '-i, --input <key=value>',
      'input of the run; value @FILE reads a file; repeat for more',
      collectInput,
      {},
    )
    .option('--name <name>', 'name of the run (default: generated)')
    .option('--no-watch', 'do not follow the run')
    .option(
      '-o, --output <format>',
      'text, name, or json: the finished SwarmRun',
      oneOf('--output', ['text', 'name', 'json']),
      'text',
    )
    .addHelpText(
      'before',
      "Examples:\n  swarm run incident-responder -i alert='High error rate on payments-api' -n incident-response\n  swarm run --agent incident-diagnostician --prompt 'Why would a pool exhaust?'\n  swarm run -f sample-incident.yaml\n",
    )
    .action(async (team: string | undefined, options: RunOptions) => {
      const manifest = manifestFor({ team, options })
      const merged =
        manifest.metadata.namespace === undefined
          ? options
          : { ...options, namespace: options.namespace ?? manifest.metadata.namespace }
      process.exitCode = await withCluster(merged, (cluster) => run({ cluster, manifest, options }))
    })
}

const manifestFor = ({
  team,
  options,
}: {
  readonly team: string | undefined
  readonly options: RunOptions
}): SwarmRun => {
  if (options.file !== undefined) {
    const more = [
      ...(team === undefined ? [] : [`the team "${team}"`]),
      ...(options.agent === undefined ? [] : ['--agent']),
      ...(options.prompt === undefined ? [] : ['--prompt']),
      ...(Object.keys(options.input).length === 0 ? [] : ['--input']),
    ]
    if (more.length > 0) {
      throw new KubeswarmError({
        code: 'Usage',
        message: `--file and ${more.join(', ')} exclude each other: the file says all of the run`,
        remedy: `swarm run -f ${options.file}`,
      })
    }
    const run = readRun(options.file)
    return options.name === undefined ? run : { ...run, metadata: { ...run.metadata, name: options.name } }
  }
  if ((team === undefined) === (options.agent === undefined)) {
    throw new KubeswarmError({
      code: 'Usage',
      message:
        team === undefined
          ? 'a run needs a team or an agent'
          : `a run has a team ("${team}") or an agent ("${options.agent}"), not both`,
      remedy: "swarm run TEAM -i key=value, or swarm run --agent AGENT --prompt '…'",
    })
  }
  if (team !== undefined && options.prompt !== undefined) {
    throw new KubeswarmError({
      code: 'Usage',
      message: `--prompt belongs to --agent; the steps of team "${team}" have prompts of their own`,
      remedy: `swarm run ${team} -i key=value`,
    })
  }
  const suffix = randomBytes(3).toString('hex')
  const base = { apiVersion: 'kubeswarm.io/v1alpha1', kind: 'SwarmRun' } as const
  if (team !== undefined) {
    return {
      ...base,
      metadata: { name: options.name ?? `${team}-${suffix}` },
      spec: { teamRef: team, input: options.input },
    } as SwarmRun
  }
  const prompt = options.prompt === '-' ? readFileSync(0, 'utf8') : options.prompt
  if (prompt === undefined || prompt.trim() === '') {
    throw new KubeswarmError({
      code: 'Usage',
      message: `agent "${options.agent}" needs a prompt`,
      remedy: "--prompt 'what to ask', or --prompt - to read standard input",
    })
  }
  return {
    ...base,
    metadata: { name: options.name ?? `${options.agent}-${suffix}` },
    spec: {
      agent: options.agent,
      prompt,
      ...(Object.keys(options.input).length === 0 ? {} : { input: options.input }),
    },
  } as SwarmRun
}

const readRun = (file: string): SwarmRun => {
  const { objects, errors } = parseManifests({ text: readTextFile(file, '--file'), source: file })
  const [error] = errors
  if (error !== undefined)
    throw new KubeswarmError({
      code: 'InvalidManifest',
      message: `${file}:${error.line}:${error.column}: ${error.message}`,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    })
  const runs = objects.filter(({ object }) => object.kind === 'SwarmRun')
  const [only] = runs
  if (only === undefined || runs.length > 1) {
    throw new KubeswarmError({
      code: 'Usage',
      message: `${file} holds ${runs.length} SwarmRuns, swarm run takes exactly one`,
      remedy: `kubectl apply -f ${file}`,
    })
  }
  return only.object as unknown as SwarmRun
}

const run = async ({
  cluster,
  manifest,
  options,
}: {
  readonly cluster: Cluster
  readonly manifest: SwarmRun
  readonly options: RunOptions
}): Promise<number> => {
  const { connection, namespace } = cluster
  // First: a run that nobody could follow is not started.
  const hub = options.watch ? await openHub(cluster) : undefined
  const created = await connection
    .create<SwarmRun>(runType, { ...manifest, metadata: { ...manifest.metadata, namespace } })
    .catch((error: unknown) => {
      throw error instanceof KubernetesApiError && error.status >= 400
        ? notStarted(`${namespace}/${manifest.metadata.name}`, error)
        : error
    })
  const { name } = created.metadata
  if (options.output === 'name') console.log(`swarmruns.kubeswarm.io/${name}`)
  if (hub === undefined) {
    console.error(`SwarmRun ${namespace}/${name} created. Next: swarm logs run/${name} -n ${namespace} -f`)
    return exitCodes.ok
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  console.error(`SwarmRun ${namespace}/${name}`)
  try {
    const watched = await watchRun({
      cluster,
      hub,
      run: name,
      print: (line) => console.error(line),
      paint: paintFor(process.stderr),
      signal: stop.signal,
    })
    const finished = options.output === 'json' ? await settled(cluster, name) : undefined
    if (finished !== undefined) console.log(JSON.stringify(finished, undefined, 2))
    else if (options.output === 'text' && watched.output !== undefined) console.log(watched.output)
    if (watched.phase === 'Succeeded') return exitCodes.ok
    for (const line of errorLines(whyRunFailed({ name: `${namespace}/${name}`, watched })))
      console.error(line)
    console.error(`  next: swarm describe run ${name} -n ${namespace}`)
    return exitCodes.runFailed
  } catch (error) {
    if (!stop.signal.aborted) {
      if (error instanceof KubeswarmError && error.code === 'HubUnavailable')
        console.error(`SwarmRun ${namespace}/${name} was created and goes on without being watched`)
      throw error
    }
    console.error(`\nstopped watching; the run goes on: swarm logs run/${name} -n ${namespace} -f`)
    return exitCodes.interrupted
  }
}

const notStarted = (run: string, error: KubernetesApiError): KubeswarmError => {
  const { code, message, remedy } = refusalOf(error)
  return new KubeswarmError({
    code,
    message: `cannot start SwarmRun ${run}: ${message}`,
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  })
}

/** The run as the API shows it once its status says that it is over. */
const settled = async ({ connection, namespace }: Cluster, name: string): Promise<SwarmRun | undefined> => {
  const current = await connection.get<SwarmRun>(runType, { namespace, name })
  if (current?.status?.completionTime !== undefined) return current
  const stop = new AbortController()
  try {
    for await (const event of connection.watch<SwarmRun>(runType, {
      namespace,
      resourceVersion: current?.metadata.resourceVersion ?? '0',
      signal: stop.signal,
    })) {
      if (
        event.type !== 'BOOKMARK' &&
        event.object.metadata.name === name &&
        event.object.status?.completionTime !== undefined
      )
        return event.object
    }
  } finally {
    stop.abort()
  }
  return current
}
