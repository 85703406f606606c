// What restarts cost and what they do not: an agent, an operator, a model, tool servers; a zombie that wakes; a system
// with nothing to do. Figures are printed, promises are asserted. Longer, and on PostgreSQL: npm run test:chaos.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Bench } from '../chaos/bench.ts'
import {
  agentDies,
  modelFails,
  operatorDies,
  staysIdle,
  toolServerRestarts,
  zombieWakes,
  zombieWakesInTool,
  type Drill,
} from '../chaos/drills.ts'
import { canSeeProcesses } from './support/processes.ts'

const leaseSeconds = 3

if (!canSeeProcesses) console.log('skipped: agents are found by /proc, which this machine does not have')

describe.skipIf(!canSeeProcesses)('restarts and idleness of the real processes', () => {
  const bench = new Bench({ agents: [2, 2, 2], leaseSeconds, modelLatencyMs: 1000 })
  beforeAll(async () => {
    await bench.start()
  })
  afterAll(async () => {
    await bench.close()
  })
  const holds = ({ figure, wrong }: Drill): void => {
    console.log(figure)
    expect(wrong).toEqual([])
  }

  test('F02 another pod takes over from an agent that was killed in a model call', async () => {
    holds(await agentDies(bench, { leaseSeconds }))
  })
  test('F01 the next step is submitted by the operator that comes after a killed one', async () => {
    holds(await operatorDies(bench))
  })
  test('F22 a model that answers 500 needs no restart of ours', async () => {
    holds(await modelFails(bench))
  })
  test('F40 tool servers that are killed and started again need no restart of ours', async () => {
    holds(await toolServerRestarts(bench))
  })
  test('F05 an agent stopped past its lease writes nothing and calls nothing when it goes on', async () => {
    holds(await zombieWakes(bench))
  })
  test('F05 what an agent has still to tell of a tool when it was overtaken is not written', async () => {
    holds(await zombieWakesInTool(bench))
  })
  test('K2 with nothing to do nothing is written and no model is asked', async () => {
    holds(await staysIdle(bench, { ms: 15_000 }))
  })
})
