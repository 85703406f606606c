// `triggers`: one event flooded with signed deliveries, everything else on the same hub watched meanwhile.

import type { Benchmark, Contender } from '../benchmark.ts'
import { quantile } from '../run-benchmark.ts'
import { flood } from './flood.ts'
import { startMeasuredTriggers } from './server.ts'

const SECONDS = 60
const WARM_UP_SECONDS = 5

export const triggersBenchmark: Benchmark = {
  name: 'triggers',
  measures: `Signed PagerDuty deliveries at one event of \`swarm dev\` (hub, operator, API server and SQLite in one process) from loopback, 5,000 a second offered for ${SECONDS} s, each about another incident; ten times a second another event and the health endpoint.`,
  figures: [
    { name: 'sent/s', better: 'higher', target: '5000' },
    { name: '202/s', better: 'higher' },
    { name: '429/s', better: 'lower' },
    { name: 'failed', better: 'lower', target: '0' },
    { name: '202 p50 ms', better: 'lower' },
    { name: '202 p99 ms', better: 'lower', target: '≤ 500' },
    { name: 'other p99 ms', better: 'lower', target: '≤ 500' },
    { name: 'other failed', better: 'lower', target: '0' },
    { name: 'health p99 ms', better: 'lower', target: '≤ 500' },
    { name: 'RSS + MB', better: 'lower' },
    { name: 'RSS + MB, second half', better: 'lower', target: '≤ 50' },
    { name: 'accepted, neither started nor waiting', better: 'lower', target: '0' },
  ],
  baseline: 'swarm dev',
  rounds: 1,
  contenders: async () => [await contender()],
}

async function contender(): Promise<Contender> {
  const server = await startMeasuredTriggers()
  let accepted = 0
  let warm = false
  return {
    name: 'swarm dev',
    async round() {
      const seconds = warm ? SECONDS : WARM_UP_SECONDS
      warm = true
      const figures = await flood({ hub: server, seconds })
      accepted += figures.accepted
      const { fired, waiting } = await server.settled(accepted)
      return {
        'sent/s': figures.sent / seconds,
        '202/s': figures.accepted / seconds,
        '429/s': figures.refused / seconds,
        failed: figures.failed,
        '202 p50 ms': quantile(figures.acceptedMs, 0.5),
        '202 p99 ms': quantile(figures.acceptedMs, 0.99),
        'other p99 ms': quantile(figures.otherMs, 0.99),
        'other failed': figures.otherFailed,
        'health p99 ms': quantile(figures.healthMs, 0.99),
        'RSS + MB': figures.grownBytes / 2 ** 20,
        'RSS + MB, second half': figures.grownLateBytes / 2 ** 20,
        'accepted, neither started nor waiting': accepted - fired - waiting,
      }
    },
    close: () => server.close(),
  }
}
