// What the documentation tells people to type works: each command is run here as it is printed, or is in the table
// below with the test that runs it. A new command that is in neither fails.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandsIn, documents } from './support/documented-commands.ts'
import { findKubectls } from './support/kubectl.ts'
import { checkout, cleanEnvironment, finished } from './support/swarm.ts'

/** Run elsewhere: by which test, told by its file and a part of its name. */
const elsewhere: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'npm ci && npm run demo': ['demo.test.ts', 'the demo shows the run'],
  'npx swarm dev': ['readme.test.ts', 'swarm dev prints the line'],
  'npm run check': ['readme.test.ts', 'scripts that are named exist'],
  'swarm event test incident-alert --sample pagerduty -n incident-response': [
    'pagerduty.test.ts',
    'the commands of the page',
  ],
  'swarm event test incident-pagerduty --sample pagerduty -n incident-response': [
    'pagerduty.test.ts',
    'the commands of the page',
  ],
  'swarm event send incident-pagerduty --sample pagerduty -n incident-response': [
    'pagerduty.test.ts',
    'the commands of the page',
  ],
  'npm test': ['readme.test.ts', 'scripts that are named exist'],
}
/** Pages whose commands and what they print a test of their own reads and runs. */
const ownTest: Readonly<Record<string, string>> = {
  'docs/separation.md': 'separation.test.ts',
  'docs/tools.md': 'mcp.test.ts',
  'docs/triggers.md': 'pagerduty.test.ts',
  'docs/limits-of-protection.md': 'separation.test.ts',
}
/** Placeholders and commands that a person ends by hand, and what stands for them here. */
const instead: Readonly<Record<string, string>> = {
  'export KUBECONFIG=…': ':',
  'kubectl get swarmrun incident-001 -n incident-response -w':
    "kubectl wait --for=jsonpath='{.status.phase}'=Succeeded swarmrun/incident-001 -n incident-response --timeout=120s",
}
/** People are slower than scripts: what has long happened by the time they type the next line. */
const meanwhile: Readonly<Record<string, string>> = {
  'kubectl get pods -n incident-response':
    'kubectl wait --for=condition=Available deployment --all -n incident-response --timeout=120s',
  'kubectl get swarmagents -n incident-response':
    'kubectl wait --for=condition=Ready swarmagent --all -n incident-response --timeout=120s',
  "TOKEN=$(kubectl get secret incident-alert-webhook-token -n incident-response -o jsonpath='{.data.token}' | base64 -d)":
    'kubectl wait --for=condition=Ready swarmevent --all -n incident-response --timeout=120s',
}
const cleanup = 'kubectl delete namespace incident-response'

const isShell = (command: string) => /^(kubectl|curl|cd|[A-Z]+=)/.test(command) || command in instead
const isSwarm = (command: string) => /^(npx )?swarm /.test(command) && !(command in elsewhere)

const all = documents
  .map((document) => ({ document, commands: commandsIn(document) }))
  .filter(({ commands }) => commands.length > 0)
const newest = findKubectls().at(-1)
if (newest === undefined)
  console.log('skipped: the documented kubectl commands; no kubectl 1.30 or newer in PATH')

const shell = async ({
  script,
  cwd,
  environment = {},
}: {
  readonly script: string
  readonly cwd: string
  readonly environment?: Readonly<Record<string, string>>
}) => {
  const path = `${join(checkout, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
  return finished(
    spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd,
      env: cleanEnvironment({ PATH: path, ...environment }),
      stdio: 'pipe',
    }),
  )
}

test('every documented command is run here, or the test that runs it is named', () => {
  expect(all.map(({ document }) => document)).toEqual(
    expect.arrayContaining(['README.md', 'examples/incident-response/README.md']),
  )
  for (const [document, file] of Object.entries(ownTest))
    expect(readFileSync(join(checkout, 'test/scenarios', file), 'utf8')).toContain(`'${document}'`)
  for (const { document, commands } of all.filter(({ document }) => !(document in ownTest))) {
    for (const command of commands)
      expect([document, command, isShell(command) || isSwarm(command) || command in elsewhere]).toEqual([
        document,
        command,
        true,
      ])
  }
  for (const [command, [file, name]] of Object.entries(elsewhere)) {
    expect(
      all.some(({ commands }) => commands.includes(command)),
      `nobody documents ${command} any more`,
    ).toBe(true)
    expect(readFileSync(join(checkout, 'test/scenarios', file), 'utf8'), command).toContain(name)
  }
  for (const command of [...Object.keys(instead), ...Object.keys(meanwhile), cleanup]) {
    expect(
      all.some(({ commands }) => commands.includes(command)),
      `nobody documents ${command} any more`,
    ).toBe(true)
  }
})

test('scripts that are named exist, and the demo script is the demo', () => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = all.flatMap(({ commands }) =>
    commands.flatMap((command) =>
      [...command.matchAll(/npm (?:run (\w+)|(test))/g)].map(([, run, plain]) => run ?? plain ?? ''),
    ),
  )
  for (const script of named) expect(Object.keys(scripts)).toContain(script)
  expect(scripts['demo']).toBe('node bin/swarm.js demo')
})

const typedAsTheyStand = all.filter(({ document }) => !(document in ownTest))
test.each([...new Set(typedAsTheyStand.flatMap(({ commands }) => commands.filter(isSwarm)))])(
  '%s',
  async (command) => {
    const { exitCode, stderr } = await shell({ script: command, cwd: checkout })
    expect(exitCode, stderr).toBe(0)
  },
)

describe('on the cluster of swarm dev', () => {
  let kubeconfigLine = ''
  let stop = async (): Promise<unknown> => undefined
  beforeAll(async () => {
    const child = spawn(
      process.execPath,
      [join(checkout, 'bin/swarm.js'), 'dev', '--ephemeral', '--script', 'responder'],
      { cwd: checkout, env: cleanEnvironment(), stdio: 'pipe' },
    )
    const end = finished(child)
    stop = () => {
      child.kill('SIGINT')
      return end
    }
    kubeconfigLine = await new Promise((resolve, reject) => {
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
        if (text.includes('Ctrl-C')) resolve(/^ *(export KUBECONFIG=.*)$/m.exec(text)?.[1] ?? 'no such line')
      })
      void end.then(({ exitCode, stderr }) =>
        reject(new Error(`swarm dev ended with ${exitCode}: ${stderr}`)),
      )
    })
  })
  afterAll(() => stop())

  test('swarm dev prints the line that kubectl needs', () => {
    expect(kubeconfigLine).toMatch(/^export KUBECONFIG=\/\S+$/)
  })

  test
    .skipIf(newest === undefined)
    .each(
      all
        .filter(({ commands }) => commands.some((command) => command.startsWith('kubectl')))
        .map(({ document }) => document),
    )('the shell commands of %s', async (document) => {
    const commands = commandsIn(document).filter(isShell)
    // What cleans up comes last, wherever it is printed.
    const ordered = [...commands.filter((command) => command !== cleanup), cleanup]
    const lines = ordered.flatMap((command) => [
      ...(meanwhile[command] === undefined ? [] : [meanwhile[command]]),
      `echo ${quoted(`$ ${command}`)}`,
      instead[command] ?? command,
    ])
    const script = [
      kubeconfigLine,
      `kubectl() { command ${quoted(newest?.path ?? '')} "$@"; }`,
      ...lines,
    ].join('\n')
    const cwd = commands.some((command) => command.startsWith('cd '))
      ? checkout
      : dirname(join(checkout, document))
    const { exitCode, stdout, stderr } = await shell({ script, cwd })
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
    expect(stdout).toContain('SLACK MESSAGE to #incidents')
    if (commands.some((command) => command.startsWith('curl'))) expect(stdout).toContain('"accepted":true')
  })
})

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
