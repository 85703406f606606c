// swarm control-plane: operator and hub in one process, over a file or PostgreSQL.

import type { Command } from 'commander'

export const registerControlPlane = (program: Command): void => {
  program
    .command('control-plane', { hidden: true })
    .summary('operator and hub in one pod')
    .action(async () => {
      const { runControlPlane } = await import('../../processes/control-plane.ts')
      await runControlPlane({ parts: ['hub', 'operator'], environment: process.env })
    })
}
