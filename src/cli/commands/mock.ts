// swarm mock: one of the mock tool servers — real MCP servers with canned data from a scenario file.

import type { Command } from 'commander'
import { mockServerNames, startMockServer, type MockServerName } from '../../adapters/mock-servers/start-mock-server.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { listenHost } from '../../processes/listen-host.ts'
import { untilStopped } from '../until-stopped.ts'

interface MockOptions {
  readonly scenario: string
  readonly host?: string
  readonly port?: string
  readonly controlPort?: string
}

export const registerMock = (program: Command): void => {
  program
    .command('mock')
    .summary('run a mock Grafana, PagerDuty or Slack (a real MCP server with canned data)')
    .argument('<server>', mockServerNames.join(', '))
    .option('--scenario <name>', 'built-in scenarios or scenario files, comma-separated; all: every built-in one', 'all')
    .option('--host <address>', 'address to listen on (default: loopback; all interfaces in a pod)')
    .option('--port <port>', 'MCP port (default: PORT, else 8080)')
    .option('--control-port <port>', 'ledger and faults (default: PORT_CONTROL, else 8081)')
    .addHelpText('before', 'Examples:\n  swarm mock slack --port 9003\n  swarm mock grafana --scenario ./my-incident.yaml\n')
    .action(async (server: string, options: MockOptions) => {
      const known = mockServerNames.find((name) => name === server)
      if (known === undefined) throw new KubeswarmError({ code: 'Usage', message: `unknown mock server "${server}"`, remedy: `swarm mock ${mockServerNames.join(' | ')}` })
      await runMock(known, options)
    })
}

const runMock = async (server: MockServerName, { scenario, host, port, controlPort }: MockOptions): Promise<void> => {
  const mock = await startMockServer({
    server,
    scenario,
    host: host ?? listenHost(process.env),
    port: Number(port ?? process.env['PORT'] ?? 8080),
    controlPort: Number(controlPort ?? process.env['PORT_CONTROL'] ?? 8081),
    log: (text) => console.log(text),
  })
  console.log(`mock ${server}: MCP at ${mock.url}, ledger at ${mock.controlUrl}/__ledger`)
  await untilStopped(() => mock.close())
}
