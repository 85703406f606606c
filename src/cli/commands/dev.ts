// swarm dev: an embedded cluster on this machine, in the foreground, until Ctrl-C.

import { watch } from 'node:fs/promises'
import type { Command } from 'commander'
import pino from 'pino'
import type { KubernetesObject } from '../../api/resource.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { forgetState } from '../../processes/dev/forget-state.ts'
import { defaultStateDirectory } from '../../processes/dev/state-directory.ts'
import { applyAll, readAll, startSession, untilReady, type DevSession } from '../dev-session.ts'
import { describeFailure } from '../exit.ts'
import { oneOf } from '../options.ts'
import { modelLine, modelReason } from '../output/model-line.ts'
import { nextCommand } from '../output/next-command.ts'
import { paintFor } from '../output/paint.ts'
import { progressOn } from '../output/progress.ts'
import { portOf } from '../port.ts'
import { stopSignal } from '../until-stopped.ts'

interface DevCommandOptions {
  readonly state: string
  readonly script?: string
  readonly databaseUrl?: string
  readonly ephemeral?: boolean
  readonly reset?: boolean
  readonly apiPort: string
  readonly hubPort: string
  readonly output: string
  readonly logLevel: string
  readonly exitWhenReady?: boolean
}

export const registerDev = (program: Command): void => {
  program
    .command('dev')
    .summary('start an embedded cluster for kubectl and stay in the foreground')
    .argument('[dir]', 'directory of manifests to apply, and to apply again when a file is saved')
    .option('--state <dir>', 'where to keep state', defaultStateDirectory())
    .option('--ephemeral', 'keep nothing: state in a temporary directory')
    .option(
      '--database-url <url>',
      'journal, queue and inbox in this PostgreSQL (postgres://...; password also by PGPASSWORD or ~/.pgpass)',
    )
    .option('--script <script>', 'use the scripted model with this script, whatever models there are')
    .option('--reset', 'forget the kept state first')
    .option('--api-port <port>', 'port of the Kubernetes API (0: any)', '0')
    .option('--hub-port <port>', 'port of the hub and its webhooks (0: any)', '0')
    .option('--log-level <level>', 'what the components log to standard error', 'warn')
    .option('--exit-when-ready', 'stop as soon as everything is ready (for scripts)')
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm dev\n  swarm dev examples/incident-response\n  swarm dev --ephemeral -o json\n',
    )
    .action(dev)
}

const dev = async (directory: string | undefined, options: DevCommandOptions): Promise<void> => {
  const stop = stopSignal()
  const progress = progressOn({ stream: process.stderr, paint: paintFor(process.stderr) })
  const objects =
    directory === undefined ? [] : (await readAll(directory, console.error)).map(({ object }) => object)
  if (options.reset === true) {
    if (options.ephemeral === true)
      throw new KubeswarmError({
        code: 'Usage',
        message: '--reset and --ephemeral exclude each other',
        remedy: 'an ephemeral cluster has no state to forget',
      })
    if (options.databaseUrl !== undefined)
      throw new KubeswarmError({
        code: 'Usage',
        message: '--reset and --database-url exclude each other',
        remedy: 'empty the database yourself; --reset forgets a state directory',
      })
    await forgetState({ stateDirectory: options.state, logger: pino({ level: 'silent' }) })
  }
  progress.update('starting the embedded cluster')
  const session = await startSession({
    objects,
    apiPort: portOf('--api-port', options.apiPort),
    hubPort: portOf('--hub-port', options.hubPort),
    logLevel: options.logLevel,
    ...(options.script === undefined ? {} : { script: options.script }),
    ...(options.ephemeral === true ? {} : { stateDirectory: options.state }),
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
  })
  const { cluster } = session
  try {
    const namespaces = await applyAll({ cluster, objects, progress })
    const { troubles } =
      namespaces.size > 0
        ? await untilReady({ cluster, namespaces, progress, signal: stop })
        : { troubles: [] }
    progress.clear()
    if (troubles.length > 0 && options.exitWhenReady === true) throw notReady(troubles)
    for (const trouble of troubles) console.error(`warning: not ready: ${trouble}`)
    print({ session, output: options.output, objects })
    if (options.exitWhenReady === true) return
    if (directory !== undefined) void reapplyOnSave({ directory, session, signal: stop })
    await aborted(stop)
    console.error('\nstopping: pods, operator, hub, API server')
  } catch (error) {
    if (!stop.aborted) throw error
    console.error(`${(stop.reason as Error).message} before it was ready`)
  } finally {
    progress.clear()
    await cluster.close()
  }
}

const notReady = (troubles: readonly string[]) =>
  new KubeswarmError({
    code: 'InvalidManifest',
    message: `not everything became ready: ${troubles.join('\n       ')}`,
    remedy: 'leave out --exit-when-ready and look with kubectl describe pods',
  })

const print = ({
  session: { cluster, model },
  output,
  objects,
}: {
  readonly session: DevSession
  readonly output: string
  readonly objects: readonly KubernetesObject[]
}): void => {
  if (output === 'json') {
    console.log(
      JSON.stringify({
        kubeconfig: cluster.kubeconfigPath,
        apiUrl: cluster.apiUrl,
        hubUrl: cluster.hubUrl,
        webhookBaseUrl: `${cluster.webhookBaseUrl}/triggers`,
        stateDirectory: cluster.stateDirectory,
        model,
      }),
    )
    return
  }
  const paint = paintFor(process.stdout)
  const reason = modelReason(model)
  console.log(
    [
      `${paint.bold('kubeswarm is running')} on an embedded cluster ${paint.dim('(for development: not a real cluster, not a security boundary)')}`,
      '',
      `  export KUBECONFIG=${cluster.kubeconfigPath}`,
      '',
      `  Kubernetes API   ${cluster.apiUrl}`,
      `  hub              ${cluster.hubUrl}`,
      `  webhooks         ${cluster.webhookBaseUrl}/triggers/NAMESPACE/EVENT/fire`,
      `  state            ${cluster.stateDirectory}`,
      `  model            ${modelLine(model)}`,
      ...(reason === undefined ? [] : [paint.dim(`                   ${reason}`)]),
      '',
      `  try next         ${nextCommand(objects)}`,
      `  stop             Ctrl-C`,
    ].join('\n'),
  )
}

/** Applies the directory again whenever a file in it is saved; a fault is shown and nothing is applied. */
const reapplyOnSave = async ({
  directory,
  session,
  signal,
}: {
  readonly directory: string
  readonly session: DevSession
  readonly signal: AbortSignal
}): Promise<void> => {
  const progress = progressOn({ stream: process.stderr, paint: paintFor(process.stderr) })
  let pending: NodeJS.Timeout | undefined
  const reapply = async () => {
    try {
      const objects = (await readAll(directory, console.error)).map(({ object }) => object)
      await applyAll({ cluster: session.cluster, objects, progress })
      progress.done(`applied ${objects.length} objects from ${directory} again`)
    } catch (error) {
      progress.clear()
      for (const line of describeFailure(error).lines) console.error(line)
    }
  }
  try {
    for await (const { filename } of watch(directory, { signal })) {
      if (filename !== null && !/\.ya?ml$/.test(filename)) continue
      // Editors write in several steps; one save is one apply.
      clearTimeout(pending)
      pending = setTimeout(() => void reapply(), 100)
    }
  } catch (error) {
    if (!signal.aborted) for (const line of describeFailure(error).lines) console.error(line)
  } finally {
    clearTimeout(pending)
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
