// swarm agent: the process in an agent's pod. People do not start it; the operator's Deployments do.

import type { Command } from 'commander'

export const registerAgent = (program: Command): void => {
  program
    .command('agent', { hidden: true })
    .summary("the process in an agent's pod")
    .action(async () => {
      const { runAgent } = await import('../../processes/agent.ts')
      await runAgent(process.env)
    })
}
