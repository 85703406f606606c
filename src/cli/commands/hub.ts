// swarm hub: what agents and senders of events talk to, in a process of its own, over PostgreSQL.

import type { Command } from 'commander'

export const registerHub = (program: Command): void => {
  program
    .command('hub', { hidden: true })
    .summary('the hub in its pod')
    .action(async () => {
      const { runControlPlane } = await import('../../processes/control-plane.ts')
      await runControlPlane({ parts: ['hub'], environment: process.env })
    })
}
