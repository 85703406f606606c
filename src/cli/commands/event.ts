// swarm event: tries a webhook event out, sends it samples, shows what came, changes its token.

import { randomBytes, randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import type { SwarmEvent } from '../../api/v1alpha1/index.ts'
import { oneSpelling } from '../../api/spellings.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { inForce, madeToken } from '../../domain/trigger/secrets-in-force.ts'
import {
  previousTokenKey,
  previousUntilAnnotation,
  webhookTokenKey,
} from '../../domain/workload/agent-names.ts'
import { secrets, type Secret } from '../../operator/builtin-kinds.ts'
import { exitCodes } from '../exit.ts'
import { collected, oneOf, withClusterOptions } from '../options.ts'
import { table } from '../output/table.ts'
import { trialLines } from '../output/trial-lines.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import {
  asWebhook,
  noSuchEvent,
  secretNameOf,
  secretsOf,
  sendDelivery,
  webhookEvent,
} from '../session/event.ts'
import { openHub } from '../session/hub-reader.ts'
import { withWorld } from '../session/world.ts'
import { tryDelivery, type Trial } from '../try-delivery.ts'
import { readDelivery, readSample, sampleNames, type SampleDelivery } from '../webhook-samples.ts'

interface DeliveryOptions {
  readonly sample?: string
  readonly file?: string
  readonly header: readonly string[]
}

const withDeliveryOptions = (command: Command): Command =>
  withClusterOptions(command)
    .argument('<event>', 'SwarmEvent')
    .option('--sample <name>', 'a sample: pagerduty, alertmanager, grafana, github, … (swarm event samples)')
    .option('--file <file>', 'a body of your own')
    .option('--header <line>', 'header beside the file; repeat for more', collected, [])

export const registerEvent = (program: Command): void => {
  const event = program
    .command('event')
    .summary('try a webhook event, send it samples, see what came, change its token')
    .addHelpText(
      'before',
      'Examples:\n  swarm event test incident-alert --sample pagerduty -n incident-response\n  swarm event send incident-pagerduty --sample pagerduty -n incident-response\n  swarm event deliveries incident-pagerduty -n incident-response\n',
    )

  withDeliveryOptions(event.command('test'))
    .summary('say what a delivery would start, without sending it')
    .option('-f, --manifests <path>', 'manifests that stand for the cluster; repeat for more', collected, [])
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText('after', '\nExit code: 0 understood, 2 not understood.')
    .action(async (name: string, options: TestOptions) => {
      const trial = await testDelivery({ name, options })
      console.log(
        options.output === 'json' ? JSON.stringify(trial, undefined, 2) : trialLines(trial).join('\n'),
      )
      process.exitCode = trial.outcome === 'Quarantined' ? exitCodes.usage : exitCodes.ok
    })

  withDeliveryOptions(event.command('send'))
    .summary('send a sample or a file, proven as the event asks')
    .action(async (name: string, options: DeliveryOptions & ClusterOptions) => {
      const id = newDeliveryId()
      const delivery = deliveryOf(options, id)
      await withCluster(options, async (cluster) => {
        const found = await webhookEvent(cluster, name)
        const reply = await sendDelivery({ cluster, event: found, delivery, id })
        console.log(JSON.stringify(reply))
        if (reply.run !== '') console.error(`next: swarm logs run/${reply.run} -n ${cluster.namespace} -f`)
      })
    })

  withClusterOptions(event.command('deliveries'))
    .summary('the latest deliveries and what became of them')
    .argument('<event>', 'SwarmEvent')
    .option('--limit <number>', 'how many', '20')
    .option(
      '-o, --output <format>',
      'table or json (with bodies that were not understood)',
      oneOf('--output', ['table', 'json']),
      'table',
    )
    .action(async (name: string, options: ClusterOptions & { limit: string; output: string }) => {
      await withCluster(options, (cluster) => showDeliveries({ cluster, name, ...options }))
    })

  withClusterOptions(event.command('rotate-token'))
    .summary('make a new token; the old one is accepted a while longer')
    .argument('<event>', 'SwarmEvent')
    .option('--keep-old <time>', 'how long the old token is accepted: 10m, 24h; 0 for not at all', '1h')
    .action(async (name: string, options: ClusterOptions & { keepOld: string }) => {
      const keepMs = timeOf(options.keepOld)
      await withCluster(options, (cluster) => rotate({ cluster, name, keepMs }))
    })

  event
    .command('samples')
    .summary('the samples there are, or one of them as if it were sent now')
    .argument('[name]', 'sample; its body is printed, its headers go to standard error')
    .action((name: string | undefined) => {
      if (name === undefined) return console.log(sampleNames().join('\n'))
      const { body, headers } = readSample({ name, now: Date.now(), id: newDeliveryId() })
      for (const [key, value] of Object.entries(headers)) console.error(`${key}: ${value}`)
      process.stdout.write(body)
    })
}

interface TestOptions extends DeliveryOptions, ClusterOptions {
  readonly manifests: readonly string[]
  readonly output: 'text' | 'json'
}

/** Letters and digits only: senders' ids look like that, and PagerDuty's begin so. */
const newDeliveryId = (): string => `01${randomUUID().replaceAll('-', '').slice(0, 24).toUpperCase()}`

const deliveryOf = ({ sample, file, header }: DeliveryOptions, id: string): SampleDelivery => {
  if ((sample === undefined) === (file === undefined))
    throw new KubeswarmError({
      code: 'Usage',
      message: sample === undefined ? 'there is nothing to send' : '--sample and --file exclude each other',
      remedy: `--sample NAME (one of ${sampleNames().join(', ')}), or --file body.json`,
    })
  return sample === undefined
    ? readDelivery({ file: file ?? '', headers: header })
    : readSample({ name: sample, now: Date.now(), id })
}

const testDelivery = ({
  name,
  options,
}: {
  readonly name: string
  readonly options: TestOptions
}): Promise<Trial> => {
  const { sample, file, header, manifests, output: _, ...clusterOptions } = options
  const id = newDeliveryId()
  const delivery = deliveryOf(
    { ...(sample === undefined ? {} : { sample }), ...(file === undefined ? {} : { file }), header },
    id,
  )
  return withWorld({ ...clusterOptions, manifests }, async ({ namespace, objects, context, cluster }) => {
    const events = objects.filter((object): object is SwarmEvent => object.kind === 'SwarmEvent')
    const found =
      cluster === undefined
        ? events.find(({ metadata }) => metadata.name === name)
        : await webhookEvent(cluster, name)
    if (found === undefined)
      throw noSuchEvent({ namespace, name, known: events.map(({ metadata }) => metadata.name) })
    return tryDelivery({
      event: asWebhook(oneSpelling(found).object),
      namespace,
      delivery,
      id,
      now: Date.now(),
      secrets: cluster === undefined ? undefined : await secretsOf(cluster, found).catch(() => undefined),
      teams: context.teams,
      agents: context.agents,
    })
  })
}

const showDeliveries = async ({
  cluster,
  name,
  limit,
  output,
}: {
  readonly cluster: Cluster
  readonly name: string
  readonly limit: string
  readonly output: string
}): Promise<void> => {
  await webhookEvent(cluster, name)
  const hub = await openHub(cluster)
  const { deliveries } = await hub.deliveries({ event: name, limit })
  if (output === 'json') return console.log(JSON.stringify(deliveries, undefined, 2))
  if (deliveries.length === 0) return console.log('no deliveries yet')
  console.log(
    table([
      ['RECEIVED', 'SUBJECT', 'OUTCOME', 'RUN', 'WHY'],
      ...deliveries.map(({ receivedAt, subject = '', runs, dropped }) => [
        receivedAt,
        subject.slice(0, 40),
        dropped?.reason ?? 'Started',
        runs.join(',') || '-',
        dropped?.message ?? '',
      ]),
    ]),
  )
}

const rotate = async ({
  cluster,
  name,
  keepMs,
}: {
  readonly cluster: Cluster
  readonly name: string
  readonly keepMs: number
}): Promise<void> => {
  const { connection, namespace } = cluster
  const event = await webhookEvent(cluster, name)
  const shared = event.spec.source.webhook?.signature?.secretRef
  if (shared !== undefined)
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `the secret of SwarmEvent ${namespace}/${name} is the sender's, in Secret ${shared.name}`,
      remedy: `let the sender make a new one, put it under "secret" and the old one under "previous" until the sender uses the new one`,
    })
  const secretName = secretNameOf(event)
  const secret = await connection.get<Secret>(secrets, { namespace, name: secretName })
  const [old] = inForce(madeToken(secret), Date.now())
  if (secret === undefined || old === undefined)
    throw new KubeswarmError({
      code: 'NotFound',
      message: `Secret ${namespace}/${secretName} has no token yet`,
      remedy: `kubectl -n ${namespace} describe swarmevent ${name}`,
    })
  const until = new Date(Date.now() + keepMs).toISOString()
  await connection.patch(
    secrets,
    { namespace, name: secretName },
    {
      metadata: { annotations: { [previousUntilAnnotation]: keepMs === 0 ? null : until } },
      data: {
        [webhookTokenKey]: base64(randomBytes(32).toString('hex')),
        [previousTokenKey]: keepMs === 0 ? null : base64(old),
      },
    },
  )
  console.log(
    `SwarmEvent ${namespace}/${name} has a new token; the old one is accepted ${keepMs === 0 ? 'no longer' : `until ${until}`}`,
  )
  console.log(`  kubectl -n ${namespace} get secret ${secretName} -o jsonpath='{.data.token}' | base64 -d`)
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const timeOf = (text: string): number => {
  const { amount, unit = 's' } = /^(?<amount>\d{1,6})(?<unit>s|m|h|d)?$/.exec(text)?.groups ?? {}
  if (amount === undefined)
    throw new KubeswarmError({
      code: 'Usage',
      message: `--keep-old "${text}" is not a time`,
      remedy: '--keep-old 10m, 24h, or 0',
    })
  return Number(amount) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1) * 1000
}
