// swarm notify: what a SwarmNotify would send, shown before it is needed; sent on request; and dead messages sent again.

import type { Command } from 'commander'
import type { NotifyChannelSpec, SwarmNotify } from '../../api/v1alpha1/index.ts'
import { notifyEvents } from '../../api/v1alpha1/index.ts'
import { oneSpelling } from '../../api/spellings.ts'
import { closestName } from '../../domain/closest-name.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { renderDelivery, type RenderedDelivery } from '../../domain/notify/render-delivery.ts'
import { isNotifyEvent, sampleFact } from '../../domain/notify/sample-fact.ts'
import { kindOf } from '../kinds.ts'
import { collected, oneOf, withClusterOptions } from '../options.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import { readSwarmObjects } from '../session/world.ts'

interface TestOptions extends ClusterOptions {
  readonly event: string
  readonly file: readonly string[]
  readonly send?: boolean
  readonly output: 'text' | 'json'
}

const notifyType = kindOf('notify')
const events = [...notifyEvents, 'Test']
/** Longer than a channel may take to answer. */
const patienceMs = 60_000

export const registerNotify = (program: Command): void => {
  const notify = program
    .command('notify')
    .summary('try the channels of a SwarmNotify, or send again what was given up')
    .addHelpText(
      'before',
      'Examples:\n  swarm notify test on-call --event TeamFailed\n  swarm notify test on-call --send\n  swarm notify resend on-call\n',
    )
  withClusterOptions(notify.command('test'))
    .summary('show what each channel would be sent, and send it with --send')
    .argument('<name>', 'name of the SwarmNotify')
    .option('--event <event>', `one of ${events.join(', ')}`, 'TeamSucceeded')
    .option('-f, --file <path>', 'manifests that stand for the cluster; repeat for more', collected, [])
    .option('--send', 'send it, through every channel')
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm notify test on-call --event TeamFailed -f examples/incident-response/notify\n  swarm notify test on-call -n incident-response --send\n',
    )
    .action((name: string, options: TestOptions) => test(name, options))
  withClusterOptions(notify.command('resend'))
    .summary('send again what was given up (dead messages), once the cause is mended')
    .argument('<name>', 'name of the SwarmNotify')
    .addHelpText('before', 'Examples:\n  swarm notify resend on-call -n incident-response\n')
    .action((name: string, options: ClusterOptions) =>
      withCluster(options, async (cluster) => {
        const { status } = await found(cluster, name)
        await annotate(cluster, name, { 'kubeswarm.io/resend': new Date().toISOString() })
        console.log(`${status?.deadCount ?? 0} messages get another life`)
      }),
    )
}

const test = async (
  name: string,
  { event, file, send = false, output, ...options }: TestOptions,
): Promise<void> => {
  if (!isNotifyEvent(event) && event !== 'Test')
    throw new KubeswarmError({
      code: 'Usage',
      message: `--event "${event}" is not known`,
      remedy: `use one of ${events.join(', ')}`,
    })
  const show = (notify: SwarmNotify): void => {
    const fact = sampleFact({
      event,
      id: 'test',
      namespace: notify.metadata.namespace ?? 'default',
      notify: name,
      at: new Date().toISOString(),
    })
    const shown = notify.spec.channels.map((channel, index) => ({
      channel: index,
      to: destination(channel),
      ...payload(renderDelivery({ channel, fact })),
    }))
    if (output === 'json') console.log(JSON.stringify(shown, undefined, 2))
    else
      for (const { channel, to, contentType, body } of shown)
        console.log(`channels[${channel}]: ${to} (${contentType})\n${body}\n`)
  }
  if (file.length > 0) {
    if (send)
      throw new KubeswarmError({
        code: 'Usage',
        message: 'cannot send: manifests have no cluster that sends',
        remedy: 'leave out -f, or --send',
      })
    return show(await inManifests(file, name))
  }
  await withCluster(options, async (cluster) => {
    const notify = await found(cluster, name)
    show(notify)
    if (send) await sendTest({ cluster, notify, event })
  })
}

const payload = (rendered: RenderedDelivery): { readonly contentType: string; readonly body: string } => {
  if (rendered.type === 'slack')
    return { contentType: 'application/json', body: JSON.stringify(rendered.message, undefined, 2) }
  const { contentType, body } = rendered
  return {
    contentType,
    body: contentType.includes('json') ? JSON.stringify(JSON.parse(body), undefined, 2) : body,
  }
}

/** Without reading a Secret. */
const destination = ({ slack, webhook }: NotifyChannelSpec): string => {
  if (slack?.botTokenFrom !== undefined) return `Slack ${slack.channel ?? ''} as a bot`
  if (slack !== undefined)
    return `Slack by the incoming webhook in Secret ${slack.webhookURLFrom?.name ?? ''}`
  const signed = webhook?.signingSecretFrom === undefined ? '' : ', signed'
  return `${webhook?.method ?? 'POST'} ${webhook?.url ?? `the address in Secret ${webhook?.urlFrom?.name ?? ''}`}${signed}`
}

const inManifests = async (files: readonly string[], name: string): Promise<SwarmNotify> => {
  const all = (await readSwarmObjects(files)).filter(({ kind }) => kind === 'SwarmNotify')
  const known = all.find(({ metadata }) => metadata.name === name)
  if (known !== undefined) return oneSpelling(known as SwarmNotify).object
  throw notFound(
    `SwarmNotify ${name} not found in ${files.join(', ')}`,
    name,
    all.map(({ metadata }) => metadata.name),
  )
}

const found = async ({ connection, namespace }: Cluster, name: string): Promise<SwarmNotify> => {
  const notify = await connection.get<SwarmNotify>(notifyType, { namespace, name })
  if (notify !== undefined) return oneSpelling(notify).object
  const { items } = await connection.list<SwarmNotify>(notifyType, { namespace })
  throw notFound(
    `SwarmNotify ${namespace}/${name} not found`,
    name,
    items.map(({ metadata }) => metadata.name),
  )
}

const notFound = (message: string, name: string, known: readonly string[]): KubeswarmError => {
  const near = closestName(name, known)
  const list = known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`
  return new KubeswarmError({
    code: 'NotFound',
    message,
    remedy: near === undefined ? `${list}; another namespace is named with -n` : `did you mean ${near}?`,
  })
}

const annotate = ({ connection, namespace }: Cluster, name: string, annotations: object) =>
  connection.patch<SwarmNotify>(notifyType, { namespace, name }, { metadata: { annotations } })

/** Asks the operator for it, and waits for what came of it. */
const sendTest = async ({
  cluster,
  notify: { metadata, spec },
  event,
}: {
  readonly cluster: Cluster
  readonly notify: SwarmNotify
  readonly event: string
}): Promise<void> => {
  const { connection, namespace } = cluster
  const { name } = metadata
  const { lastDispatches: before = [], sentCount: sentBefore = 0 } = (await found(cluster, name)).status ?? {}
  const { metadata: changed } = await annotate(cluster, name, {
    'kubeswarm/test-trigger': `${event}/${new Date().toISOString()}`,
  })
  const signal = AbortSignal.timeout(patienceMs)
  type Dispatches = NonNullable<SwarmNotify['status']>['lastDispatches']
  const triedAt = (list: Dispatches, channel: number): string | undefined =>
    list?.find(({ channelIndex }) => channelIndex === channel)?.lastFiredAt
  // Times are whole seconds: two tests within one are told apart by the count.
  const isNew = ({ status }: SwarmNotify): boolean =>
    (status?.sentCount ?? 0) >= sentBefore + spec.channels.length ||
    spec.channels.every((_, channel) => {
      const at = triedAt(status?.lastDispatches, channel)
      return at !== undefined && at !== triedAt(before, channel)
    })
  const options = { resourceVersion: changed.resourceVersion ?? '0', namespace, signal }
  try {
    for await (const news of connection.watch<SwarmNotify>(notifyType, options)) {
      if (news.type === 'BOOKMARK' || news.object.metadata.name !== name || !isNew(news.object)) continue
      const results = news.object.status?.lastDispatches ?? []
      for (const { channelIndex, succeeded, error } of results)
        console.error(
          `channels[${channelIndex}]: ${succeeded === true ? 'taken' : `not taken: ${error ?? ''}`}`,
        )
      const failed = results.filter(({ succeeded }) => succeeded !== true)
      if (failed.length > 0)
        throw new KubeswarmError({
          code: 'HubUnavailable',
          message: `${failed.length} of ${results.length} channels did not take it`,
          remedy: `mend what is said above; swarm notify resend ${name} -n ${namespace} sends what was given up`,
        })
      return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  throw new KubeswarmError({
    code: 'HubUnavailable',
    message: `no result within ${patienceMs / 1000} s: nobody sends`,
    remedy: `look whether the operator runs, and at kubectl -n ${namespace} get swarmnotify ${name} -o yaml`,
  })
}
