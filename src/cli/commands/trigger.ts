// swarm trigger: fires a webhook event with a body of one's own, and follows the run it starts.

import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { errorLines, exitCodes } from '../exit.ts'
import { collected, withClusterOptions } from '../options.ts'
import { whyRunFailed } from '../output/run-failure.ts'
import { paintFor } from '../output/paint.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import { sendDelivery, webhookEvent } from '../session/event.ts'
import { openHub } from '../session/hub-reader.ts'
import { untilStarted } from '../until-started.ts'
import { watchRun } from '../watch-run.ts'
import { readDelivery, type SampleDelivery } from '../webhook-samples.ts'

interface TriggerOptions extends ClusterOptions {
  readonly file?: string
  readonly header: readonly string[]
  readonly watch: boolean
}

export const registerTrigger = (program: Command): void => {
  withClusterOptions(program.command('trigger'))
    .summary('fire a webhook event and follow the run it starts')
    .argument('<event>', 'SwarmEvent')
    .option('--file <file>', 'body of the delivery (JSON); left out: an empty one')
    .option('--header <line>', 'header to send with it; repeat for more', collected, [])
    .option('--no-watch', 'do not follow the run')
    .addHelpText(
      'before',
      'Examples:\n  swarm trigger incident-alert --file alert.json -n incident-response\n  swarm event send incident-pagerduty --sample pagerduty -n incident-response   a sample instead\n',
    )
    .action(async (name: string, options: TriggerOptions) => {
      process.exitCode = await withCluster(options, (cluster) =>
        fire({ cluster, name, delivery: deliveryOf(options), watch: options.watch }),
      )
    })
}

const deliveryOf = ({ file, header }: TriggerOptions): SampleDelivery =>
  file === undefined
    ? { name: 'an empty body', body: Buffer.from('{}'), headers: { 'content-type': 'application/json' } }
    : readDelivery({ file, headers: header })

const fire = async ({
  cluster,
  name,
  delivery,
  watch,
}: {
  readonly cluster: Cluster
  readonly name: string
  readonly delivery: SampleDelivery
  readonly watch: boolean
}): Promise<number> => {
  const event = await webhookEvent(cluster, name)
  const hub = watch ? await openHub(cluster) : undefined
  const reply = await sendDelivery({ cluster, event, delivery, id: randomUUID() })
  const { namespace } = cluster
  if (reply.dropped !== undefined || reply.run === '') {
    console.error(
      `nothing was started: ${reply.dropped?.reason ?? ''} ${reply.dropped?.message ?? ''}`.trim(),
    )
    return exitCodes.ok
  }
  console.error(`SwarmRun ${namespace}/${reply.run}${reply.duplicate ? ' (started before)' : ''}`)
  if (hub === undefined) {
    console.error(`next: swarm logs run/${reply.run} -n ${namespace} -f`)
    return exitCodes.ok
  }
  await untilStarted({ cluster, run: reply.run })
  const watched = await watchRun({
    cluster,
    hub,
    run: reply.run,
    print: (line) => console.error(line),
    paint: paintFor(process.stderr),
  })
  if (watched.output !== undefined) console.log(watched.output)
  if (watched.phase === 'Succeeded') return exitCodes.ok
  for (const line of errorLines(whyRunFailed({ name: `${namespace}/${reply.run}`, watched })))
    console.error(line)
  return exitCodes.runFailed
}
