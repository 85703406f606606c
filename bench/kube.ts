// `kube`: what a run costs the Kubernetes API, and what the product asks of it while nothing happens.

import { setTimeout as sleep } from 'node:timers/promises'
import { journalOf, namespace, recordsOf, runPath } from '../test/scenarios/support/story.ts'
import type { Benchmark } from './benchmark.ts'
import { median } from './run-benchmark.ts'
import { startProduct, type Product, type Run } from './swarm-dev.ts'

const RUNS_PER_ROUND = 5
const IDLE_SECONDS = 60

export const kubeBenchmark: Benchmark = {
  name: 'kube',
  measures: `The incident story (3 steps) on \`swarm dev\`, ${RUNS_PER_ROUND} runs a round: writes to the SwarmRun after it was created and to everything, the size of its status, and the time from the end of a step to the lease of the next (3 steps make 2 of these). Then ${IDLE_SECONDS} seconds in which nothing is asked.`,
  figures: [
    { name: 'run writes', better: 'lower', target: '≤ 5 (steps + 2)' },
    { name: 'all writes', better: 'lower' },
    { name: 'status KB', better: 'lower', target: '≤ 8' },
    { name: 'hop ms', better: 'lower', target: '≤ 12' },
    { name: 'idle writes/60 s', better: 'lower', target: '0' },
  ],
  baseline: 'swarm dev',
  rounds: 3,
  notes: () => [
    'A controller that asks every 5 s would wait 2.5 s per hop on average, and ask 12 times in the idle minute.',
  ],
  contenders: async () => {
    const product = await startProduct()
    let serial = 0
    return [
      {
        name: 'swarm dev',
        async round() {
          const runs: RunFigures[] = []
          for (let count = 0; count < RUNS_PER_ROUND; count += 1) {
            serial += 1
            runs.push(await runFigures(product, `run-${serial}`))
          }
          const before = await revision(product)
          await sleep(IDLE_SECONDS * 1_000)
          return {
            'run writes': median(runs.map(({ own }) => own)),
            'all writes': median(runs.map(({ all }) => all)),
            'status KB': median(runs.map(({ bytes }) => bytes)) / 1024,
            'hop ms': median(runs.flatMap(({ hops }) => hops)),
            'idle writes/60 s': (await revision(product)) - before,
          }
        },
        close: () => product.stop(),
      },
    ]
  },
}

interface RunFigures {
  readonly own: number
  readonly all: number
  readonly bytes: number
  readonly hops: readonly number[]
}

async function runFigures(product: Product, name: string): Promise<RunFigures> {
  const { api, dev } = product
  const before = await revision(product)
  const run = await product.play(name)
  const records = await journalOf({ kubeconfig: dev.kubeconfig, run: name })
  // By now whatever follows the end of a run has been written too.
  const all = (await revision(product)) - before
  let own = 0
  const path = runPath('').slice(0, -1)
  for await (const { type, object } of api.watch<Run>(`${path}?resourceVersion=${before}&timeoutSeconds=1`))
    if (type === 'MODIFIED' && object.metadata.name === name && object.metadata.namespace === namespace)
      own += 1
  const leases = recordsOf(records, 'task.leased')
  const hops = recordsOf(records, 'task.completed').flatMap(({ at }) => {
    const next = leases.find((lease) => lease.at >= at)
    return next === undefined ? [] : [Date.parse(next.at) - Date.parse(at)]
  })
  return { own, all, bytes: Buffer.byteLength(JSON.stringify(run.status)), hops }
}

/** Every write of any object raises it by one. */
async function revision({ api }: Product): Promise<number> {
  const { text } = await api.send('GET', '/metrics')
  return Number(/^apiserver_storage_revision (\d+)$/m.exec(text)?.[1])
}
