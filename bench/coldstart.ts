// `coldstart`: from the start of the process to where its user can go on.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startDevProcess } from '../test/scenarios/support/swarm.ts'
import type { Benchmark } from './benchmark.ts'
import { apiServerContenders, apiServerNotes } from './local-kube/start.ts'
import { startProduct } from './swarm-dev.ts'

export const coldstartBenchmark: Benchmark = {
  name: 'coldstart',
  measures:
    'From the start of a process: until `swarm dev` says that it is ready, and with the incident story until its first run (7 model calls, 5 tool calls, 3 steps, agents included) has succeeded; until an API server is ready.',
  figures: [
    { name: 'ready ms', better: 'lower', target: '≤ 3000 for swarm dev, < 1000 for local-kube' },
    { name: 'first run ms', better: 'lower' },
  ],
  baseline: 'bare Node',
  rounds: 5,
  notes: () => [
    'bare Node prints one line and ends: what no program in it can be quicker than.',
    ...apiServerNotes(),
  ],
  contenders: async () => [
    ...(await apiServerContenders()),
    {
      name: 'bare Node',
      round: async () => {
        const began = performance.now()
        const child = spawn(process.execPath, ['-e', 'console.log("ready")'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        await once(child.stdout, 'data')
        const ready = performance.now() - began
        await once(child, 'close')
        return { 'ready ms': ready }
      },
    },
    {
      name: 'swarm dev',
      round: async () => {
        const began = performance.now()
        const dev = await startDevProcess()
        const ready = performance.now() - began
        await dev.stop()
        return { 'ready ms': ready }
      },
    },
    {
      name: 'swarm dev, story',
      round: async () => {
        const began = performance.now()
        const product = await startProduct()
        try {
          const ready = performance.now() - began
          await product.play('first')
          return { 'ready ms': ready, 'first run ms': performance.now() - began }
        } finally {
          await product.stop()
        }
      },
    },
  ],
}
