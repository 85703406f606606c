// swarm operator: controllers, admission and run engine in a process of their own, over PostgreSQL.

import type { Command } from 'commander'

export const registerOperator = (program: Command): void => {
  program
    .command('operator', { hidden: true })
    .summary('the operator in its pod')
    .action(async () => {
      const { runControlPlane } = await import('../../processes/control-plane.ts')
      await runControlPlane({ parts: ['operator'], environment: process.env })
    })
}
