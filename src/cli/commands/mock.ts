// swarm mock: one of the mock tool servers (real MCP servers with canned data from a scenario file), or the scripted
// model.

import type { Command } from 'commander'
import {
  mockServerNames,
  startMockServer,
  type MockServerName,
} from '../../adapters/mock-servers/start-mock-server.ts'
import { startScriptedModel } from '../../adapters/scripted-model/start-scripted-model.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { listenHost } from '../../processes/listen-host.ts'
import { portOf } from '../port.ts'
import { untilStopped } from '../until-stopped.ts'

interface MockOptions {
  readonly scenario: string
  readonly script: string
  readonly host?: string
  readonly port?: string
  readonly controlPort?: string
}

export const registerMock = (program: Command): void => {
  program
    .command('mock')
    .summary(
      'run a mock Grafana, PagerDuty or Slack (a real MCP server with canned data), or the scripted model',
    )
    .argument('<server>', [...mockServerNames, 'model'].join(', '))
    .option(
      '--scenario <name>',
      'built-in scenarios or scenario files, comma-separated; all: every built-in one',
      'all',
    )
    .option('--script <script>', 'script of the scripted model: built-in name or file', 'responder')
    .option('--host <address>', 'address to listen on (default: loopback; all interfaces in a pod)')
    .option('--port <port>', 'port (default: PORT, else 8080)')
    .option('--control-port <port>', 'ledger and faults (default: PORT_CONTROL, else 8081)')
    .addHelpText(
      'before',
      'Examples:\n  swarm mock slack --port 9003\n  swarm mock grafana --scenario ./my-incident.yaml\n  swarm mock model --port 11435 --script ./my-script.yaml\n',
    )
    .action(async (server: string, options: MockOptions) => {
      if (server === 'model') return runModel(options)
      const known = mockServerNames.find((name) => name === server)
      if (known === undefined) {
        throw new KubeswarmError({
          code: 'Usage',
          message: `unknown mock server "${server}"`,
          remedy: `swarm mock ${[...mockServerNames, 'model'].join(' | ')}`,
        })
      }
      return runMock(known, options)
    })
}

/** For whoever started it by hand; a pod's log holds what the mock received and nothing else. */
const announce = (line: string): void => {
  if (process.env['KUBERNETES_SERVICE_HOST'] === undefined) console.error(line)
}

const mainPort = (given: string | undefined): number =>
  given === undefined ? portOf('PORT', process.env['PORT'] ?? '8080') : portOf('--port', given)

const controlPortOf = (given: string | undefined): number =>
  given === undefined
    ? portOf('PORT_CONTROL', process.env['PORT_CONTROL'] ?? '8081')
    : portOf('--control-port', given)

const runMock = async (
  server: MockServerName,
  { scenario, host, port, controlPort }: MockOptions,
): Promise<void> => {
  const mock = await startMockServer({
    server,
    scenario,
    host: host ?? listenHost(process.env),
    port: mainPort(port),
    controlPort: controlPortOf(controlPort),
    log: (text) => console.log(text),
  })
  announce(`mock ${server}: MCP at ${mock.url}, ledger at ${mock.controlUrl}/__ledger`)
  await untilStopped(() => mock.close())
}

const runModel = async ({ script, host, port }: MockOptions): Promise<void> => {
  const model = await startScriptedModel({
    script,
    host: host ?? listenHost(process.env),
    port: mainPort(port),
    log: (text) => console.log(text),
  })
  announce(`scripted model (${script}): OPENAI_BASE_URL=${model.url}`)
  await untilStopped(() => model.close())
}
