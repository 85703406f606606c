// Commands given what they cannot use: no cluster, wrong words, missing files, taken ports, state that is not theirs.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOf } from './support/api.ts'
import { canSeeProcesses, processesOf } from './support/processes.ts'
import { shownError } from './support/screen.ts'
import { startDevProcess, swarm } from './support/swarm.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'bad-command-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Case {
  readonly reason: string
  readonly args: readonly string[]
  readonly exit: number
  readonly code: string
  readonly says: RegExp
  readonly fix: RegExp
}

const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

const expectRefused = async (
  { args, exit, code, says, fix }: Omit<Case, 'reason'>,
  environment: Readonly<Record<string, string>> = {},
) => {
  const { exitCode, stdout, stderr } = await swarm(args, {
    environment: { XDG_DATA_HOME: directory, HOME: directory, ...environment },
  })
  const shown = shownError(stderr)
  expect({ exitCode, code: shown.code, stdout }, stderr).toEqual({ exitCode: exit, code, stdout: '' })
  expect(shown.message).toMatch(says)
  expect(shown.fix).toMatch(fix)
}

describe('words that are not understood', () => {
  test.each<Case>([
    {
      reason: 'a command nobody knows',
      args: ['frobnicate'],
      exit: 2,
      code: 'Usage',
      says: /unknown command "frobnicate"/,
      fix: /swarm --help/,
    },
    {
      reason: 'a command misspelt',
      args: ['dmeo'],
      exit: 2,
      code: 'Usage',
      says: /"dmeo"/,
      fix: /did you mean demo\? swarm --help/,
    },
    {
      reason: 'an option misspelt',
      args: ['get', 'runs', '--outptu', 'json'],
      exit: 2,
      code: 'Usage',
      says: /unknown option "--outptu"/,
      fix: /did you mean --output\? swarm get --help/,
    },
    {
      reason: 'an argument left out',
      args: ['get'],
      exit: 2,
      code: 'Usage',
      says: /missing required argument "kind"/,
      fix: /swarm get --help/,
    },
    {
      reason: 'a kind misspelt',
      args: ['get', 'agnets'],
      exit: 2,
      code: 'Usage',
      says: /unknown kind "agnets"/,
      fix: /did you mean agents\?/,
    },
    {
      reason: 'a format nobody knows',
      args: ['run', 'team', '-o', 'xml'],
      exit: 2,
      code: 'Usage',
      says: /"xml"/,
      fix: /text, name, json/,
    },
    {
      reason: 'a run of nothing',
      args: ['run'],
      exit: 2,
      code: 'Usage',
      says: /needs a team or an agent/,
      fix: /swarm run TEAM/,
    },
    {
      reason: 'a run of a team and of an agent',
      args: ['run', 'payments', '--agent', 'notifier'],
      exit: 2,
      code: 'Usage',
      says: /"payments".*"notifier".*not both/,
      fix: /--agent AGENT/,
    },
    {
      reason: 'a run of an agent without a task',
      args: ['run', '--agent', 'notifier'],
      exit: 2,
      code: 'Usage',
      says: /"notifier" needs a prompt/,
      fix: /--prompt/,
    },
    {
      reason: 'a prompt for a team',
      args: ['run', 'payments', '--prompt', 'x'],
      exit: 2,
      code: 'Usage',
      says: /--prompt belongs to --agent/,
      fix: /-i key=value/,
    },
    {
      reason: 'a file and a team',
      args: ['run', 'payments', '-f', 'run.yaml'],
      exit: 2,
      code: 'Usage',
      says: /exclude each other/,
      fix: /swarm run -f run.yaml/,
    },
    {
      reason: 'an input without a value',
      args: ['run', 'payments', '--input', 'alert'],
      exit: 2,
      code: 'Usage',
      says: /--input "alert" is not key=value/,
      fix: /--input alert='/,
    },
    {
      reason: 'an input from a file that is not there',
      args: ['run', 'payments', '--input', 'alert=@/no/such/file'],
      exit: 3,
      code: 'NotFound',
      says: /--input alert: "\/no\/such\/file" does not exist/,
      fix: /path/,
    },
    {
      reason: 'a run from a file that is not there',
      args: ['run', '-f', '/no/such/run.yaml'],
      exit: 3,
      code: 'NotFound',
      says: /"\/no\/such\/run.yaml" does not exist/,
      fix: /path/,
    },
    {
      reason: 'manifests that are not there',
      args: ['lint', '/no/such/directory'],
      exit: 3,
      code: 'NotFound',
      says: /"\/no\/such\/directory" does not exist/,
      fix: /directory/,
    },
    {
      reason: 'a port that is none',
      args: ['dev', '--ephemeral', '--api-port', '99999'],
      exit: 2,
      code: 'Usage',
      says: /--api-port "99999"/,
      fix: /65535/,
    },
    {
      reason: 'a port of a mock that is none',
      args: ['mock', 'slack', '--port', 'abc'],
      exit: 2,
      code: 'Usage',
      says: /--port "abc"/,
      fix: /65535/,
    },
    {
      reason: 'an address that is not here',
      args: ['mock', 'model', '--host', '192.0.2.1', '--port', '8099'],
      exit: 2,
      code: 'InvalidInput',
      says: /cannot listen on 192\.0\.2\.1:8099: it is not an address of this machine/,
      fix: /another address/,
    },
    {
      reason: 'a model script that is not there',
      args: ['dev', '--ephemeral', '--script', './none.yaml'],
      exit: 3,
      code: 'NotFound',
      says: /none\.yaml/,
      fix: /obedient, responder/,
    },
  ])('$reason', async (refused) => {
    await expectRefused(refused)
  })
})

describe('without a cluster', () => {
  test('no kubeconfig at all', async () => {
    await expectRefused({
      args: ['get', 'runs'],
      exit: 5,
      code: 'KubernetesApi',
      says: /cannot find a cluster/,
      fix: /swarm dev/,
    })
  })
  test('KUBECONFIG names a file that is not there', async () => {
    const nowhere = join(directory, 'nowhere')
    await expectRefused(
      {
        args: ['get', 'runs'],
        exit: 5,
        code: 'KubernetesApi',
        says: new RegExp(`KUBECONFIG names "${nowhere}"`),
        fix: /swarm dev/,
      },
      { KUBECONFIG: nowhere },
    )
  })
  test('a kubeconfig whose server is down', async () => {
    const kubeconfig = file(
      'down',
      'apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "https://127.0.0.1:9"}}]\nusers: [{name: u, user: {token: secret-token-1}}]\n',
    )
    await expectRefused({
      args: ['get', 'runs', '--kubeconfig', kubeconfig],
      exit: 5,
      code: 'KubernetesApi',
      says: /cannot reach the Kubernetes API at https:\/\/127\.0\.0\.1:9 \(kubeconfig .+\): connect ECONNREFUSED/,
      fix: /swarm dev/,
    })
  })
  test.each([
    { reason: 'not YAML', text: 'a: [', says: /it is not YAML/ },
    { reason: 'no kubeconfig', text: 'foo: bar', says: /current-context is not set/ },
  ])('a kubeconfig that is $reason', async ({ text, says }) => {
    await expectRefused({
      args: ['get', 'runs', '--kubeconfig', file('odd', text)],
      exit: 2,
      code: 'InvalidInput',
      says,
      fix: /kubectl config view/,
    })
  })
})

describe('a directory of manifests for swarm dev', () => {
  test.each([
    { reason: 'is not there', files: undefined, exit: 3, code: 'NotFound', says: /does not exist/ },
    {
      reason: 'holds no YAML',
      files: { 'README.md': 'hello' },
      exit: 3,
      code: 'NotFound',
      says: /holds no \*\.yaml/,
    },
    {
      reason: 'has one file that is no YAML',
      files: { 'broken.yaml': 'a: [b\n' },
      exit: 2,
      code: 'InvalidManifest',
      says: /broken\.yaml:2:1: cannot read YAML/,
    },
    {
      reason: 'has one manifest that does not fit its kind',
      files: {
        'agent.yaml':
          'apiVersion: kubeswarm.io/v1alpha1\nkind: SwarmAgent\nmetadata: {name: a}\nspec:\n  modle: m\n  model: m\n  prompt: {inline: x}\n',
      },
      exit: 2,
      code: 'InvalidManifest',
      says: /agent\.yaml:5:10: SwarmAgent a: spec\.modle: there is no field "modle"\. Did you mean "model"\?/,
    },
  ])('that $reason: nothing is started', async ({ reason, files, exit, code, says }) => {
    const path = join(directory, reason.replaceAll(' ', '-'))
    if (files !== undefined) {
      mkdirSync(path)
      writeFileSync(join(path, 'space.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: good}\n')
      if ('README.md' in files) rmSync(join(path, 'space.yaml'))
      for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
    }
    const state = join(directory, 'never-made')
    await expectRefused({ args: ['dev', '--state', state, path], exit, code, says, fix: /./ })
    expect(readdirSync(directory)).not.toContain('never-made')
  })
})

describe('a port that is taken', () => {
  let taken: Server
  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
  })
  afterAll(() => void taken.close())

  test.each(['--api-port', '--hub-port'])('%s', async (option) => {
    const { port } = taken.address() as AddressInfo
    const state = join(directory, `state${option}`)
    await expectRefused({
      args: ['dev', '--state', state, option, String(port)],
      exit: 5,
      code: 'PortTaken',
      says: new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken`),
      fix: /another port/,
    })
    expect(readdirSync(state)).not.toContain('kubeconfig')
    if (canSeeProcesses) expect(processesOf(state)).toEqual([])
  })
})

describe('a state directory', () => {
  test('that is a file', async () => {
    await expectRefused({
      args: ['dev', '--state', file('a-file', '')],
      exit: 5,
      code: 'StoreUnavailable',
      says: /a-file": it is a file/,
      fix: /--ephemeral/,
    })
  })
  test('below a file', async () => {
    await expectRefused({
      args: ['dev', '--state', join(file('a-file', ''), 'state')],
      exit: 5,
      code: 'StoreUnavailable',
      says: /part of the path is a file/,
      fix: /--ephemeral/,
    })
  })
  test('whose store is not one: told, and forgotten by --reset', async () => {
    const state = join(directory, 'garbage')
    mkdirSync(state)
    writeFileSync(join(state, 'kubeswarm.db'), 'this is no database, and long enough to be looked at as one')
    await expectRefused({
      args: ['dev', '--state', state, '--exit-when-ready'],
      exit: 5,
      code: 'StoreUnavailable',
      says: /cannot open the store ".+kubeswarm\.db": file is not a database/,
      fix: /kubeswarm store/,
    })
    const { exitCode, stderr } = await swarm(['dev', '--state', state, '--reset', '--exit-when-ready'])
    expect(exitCode, stderr).toBe(0)
  })
  test('that another cluster holds: the second is told whose it is, the first is unharmed, also by --reset', async () => {
    const state = join(directory, 'held')
    const dev = await startDevProcess({ args: ['--state', state] })
    try {
      const api = apiOf(dev.kubeconfig)
      await api.ok('POST', '/api/v1/namespaces', {
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kept' } },
      })
      for (const more of [[], ['--reset']]) {
        await expectRefused({
          args: ['dev', '--state', state, ...more],
          exit: 5,
          code: 'StoreLocked',
          says: new RegExp(`process ${dev.pid} has it open`),
          fix: new RegExp(`kill ${dev.pid}.*--state`),
        })
        expect(await api.ok('GET', '/api/v1/namespaces/kept')).toMatchObject({ metadata: { name: 'kept' } })
      }
      expect(readFileSync(dev.kubeconfig, 'utf8')).toContain(dev.apiUrl)
    } finally {
      expect(await dev.stop()).toBe(0)
    }
    // What is not ours in the directory is not ours to forget.
    writeFileSync(join(state, 'notes.txt'), 'mine')
    const { exitCode, stderr } = await swarm(['dev', '--state', state, '--reset', '--exit-when-ready'])
    expect(exitCode, stderr).toBe(0)
    expect(readdirSync(state)).toContain('notes.txt')
  })
})

test('a hub that does not answer is named, and no run is started that nobody could follow', async () => {
  const dev = await startDevProcess()
  try {
    const api = apiOf(dev.kubeconfig)
    const configMap = '/api/v1/namespaces/kubeswarm-system/configmaps/kubeswarm-endpoints'
    await api.ok('PATCH', configMap, {
      body: { data: { hubUrl: null } },
      contentType: 'application/merge-patch+json',
    })
    await expectRefused({
      args: ['run', 'team', '--kubeconfig', dev.kubeconfig],
      exit: 5,
      code: 'HubUnavailable',
      says: /kubeswarm-system\/kubeswarm-endpoints has no hubUrl/,
      fix: /swarm dev/,
    })
    await api.ok('PATCH', configMap, {
      body: { data: { hubUrl: 'http://127.0.0.1:9' } },
      contentType: 'application/merge-patch+json',
    })
    await api.ok('POST', '/apis/kubeswarm.io/v1alpha1/namespaces/default/swarmagents', {
      body: {
        apiVersion: 'kubeswarm.io/v1alpha1',
        kind: 'SwarmAgent',
        metadata: { name: 'helper' },
        spec: { model: 'm', prompt: { inline: 'Help.' } },
      },
    })
    const run = [
      'run',
      '--agent',
      'helper',
      '--prompt',
      'x',
      '--name',
      'unseen',
      '--kubeconfig',
      dev.kubeconfig,
    ]
    const { exitCode, stderr } = await swarm(run)
    expect(exitCode).toBe(5)
    expect(stderr).toContain('SwarmRun default/unseen was created and goes on without being watched')
    const { message, code } = shownError(stderr)
    expect(message).toMatch(/cannot reach the hub at http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/)
    expect(code).toBe('HubUnavailable')
    await expectRefused({
      args: ['describe', 'run', 'nothing', '--kubeconfig', dev.kubeconfig],
      exit: 3,
      code: 'NotFound',
      says: /SwarmRun default\/nothing not found/,
      fix: /swarm get/,
    })
    await expectRefused({
      args: ['logs', 'run/nothing', '--kubeconfig', dev.kubeconfig],
      exit: 3,
      code: 'NotFound',
      says: /SwarmRun default\/nothing not found/,
      fix: /swarm get runs/,
    })
    await expectRefused({
      args: ['logs', 'agent/nobody', '--kubeconfig', dev.kubeconfig],
      exit: 3,
      code: 'NotFound',
      says: /SwarmAgent default\/nobody/,
      fix: /swarm/,
    })
    await expectRefused({
      args: ['get', 'run', 'nothing', '--kubeconfig', dev.kubeconfig],
      exit: 3,
      code: 'NotFound',
      says: /swarmruns\.kubeswarm\.io "nothing" not found/,
      fix: /namespace/,
    })
  } finally {
    await dev.stop()
  }
})
