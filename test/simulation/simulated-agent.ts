// An agent of the simulation: the real worker, session and loop on simulated ways out.

import { modelPacer } from '../../src/agent/model-pacer.ts'
import { startWorker, type Worker } from '../../src/agent/worker.ts'
import type { AgentKey } from '../../src/domain/run/task.ts'
import { linkedHub } from './hub-link.ts'
import { loggerOf } from './logger.ts'
import { simulatedModel } from './model.ts'
import type { SimulatedProcess } from './process.ts'
import { simulatedToolServer } from './tool-server.ts'
import type { World } from './world.ts'

export const startSimulatedAgent = ({
  world,
  process,
  agent,
}: {
  readonly world: World
  readonly process: SimulatedProcess
  readonly agent: AgentKey
}): Worker => {
  const { clock } = process
  const random = world.random.next
  const source = world.mutant.source({ source: linkedHub({ world, process, agent }) })
  return startWorker({
    source,
    holder: process.name,
    agent: agent.name,
    concurrentTasks: 3,
    tools: {
      access: {
        model: simulatedModel({ world, process }),
        modelName: 'simulated',
        systemPrompt: 'You are simulated.',
        pacer: modelPacer({ clock, random }),
      },
      servers: [{ server: simulatedToolServer({ world, process }), onUnavailable: 'fail' }],
      clock,
      random,
      secrets: () => [],
    },
    log: loggerOf(world, process),
  })
}
