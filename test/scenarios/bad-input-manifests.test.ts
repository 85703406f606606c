// Manifests that are wrong, by every way they can come: kubectl apply, a plain POST, swarm lint. Each names the object's
// field, what is wrong with it, and what to do; nothing of it is stored.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { findKubectls, kubectlWith, type Kubectl } from './support/kubectl.ts'
import { shownError } from './support/screen.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

const namespace = 'bad-manifests'
const newest = findKubectls().at(-1)
if (newest === undefined)
  console.log('kubectl 1.30 or newer is not in PATH: the same manifests are only POSTed and linted')

const head = (kind: string, name = 'x') =>
  `apiVersion: kubeswarm.io/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec:\n`
const agent = (spec: string) => `${head('SwarmAgent')}${spec}`
const team = (spec: string, name?: string) => `${head('SwarmTeam', name)}${spec}`
const run = (spec: string) => `${head('SwarmRun')}${spec}`
const roles = '  roles: [{name: reader, swarmAgent: helper}, {name: writer, swarmAgent: helper}]\n'

let dev: DevProcess
let api: Api
let kubectl: Kubectl
let directory: string
const file = (text: string): string => {
  const path = join(directory, 'manifest.yaml')
  writeFileSync(path, text)
  return path
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'bad-manifests-'))
  const good = mkdtempSync(join(directory, 'good-'))
  writeFileSync(
    join(good, 'all.yaml'),
    [
      `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}\n`,
      `${head('SwarmAgent', 'helper')}  model: m\n  prompt: {inline: Help.}\n`,
      team(
        `  inputs: [{name: alert, required: true, description: what happened}]\n  roles: [{name: reader, swarmAgent: helper}]\n  pipeline: [{role: reader, inputs: {task: "{{ .input.alert }}"}}]\n`,
        'readers',
      ),
      team(
        `  roles: [{name: reader, swarmAgent: helper}]\n  pipeline: [{role: reader, inputs: {task: "{{ .input.alert }}"}}]\n`,
        'undeclared',
      ),
    ].join('---\n'),
  )
  dev = await startDevProcess({ args: ['--ephemeral', good] })
  api = apiOf(dev.kubeconfig)
  kubectl = kubectlWith({ path: newest?.path ?? '', kubeconfig: dev.kubeconfig, cwd: directory })
})
afterAll(async () => {
  const exitCode = await dev?.stop()
  expect(exitCode, dev?.complaints()).toBe(0)
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
})

const plurals: Readonly<Record<string, string>> = {
  SwarmAgent: 'swarmagents',
  SwarmTeam: 'swarmteams',
  SwarmRun: 'swarmruns',
}
const collection = (kind: string) => `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/${plurals[kind]}`
const kindOf = (manifest: string) => /^kind: (\w+)$/m.exec(manifest)?.[1] ?? ''

interface Wrong {
  readonly reason: string
  readonly manifest: string
  /** What kubectl, the API server and lint must all say. */
  readonly says: readonly string[]
  /** What the API server says in its own way. */
  readonly server?: readonly string[]
  /** Where lint points. */
  readonly at: string
  /** What lint says besides. */
  readonly lint?: readonly string[]
  /** The file alone shows nothing wrong: only the cluster knows. */
  readonly known?: 'in the cluster only'
}

const wrong: readonly Wrong[] = [
  {
    reason: 'a field nobody knows',
    manifest: agent('  modle: m\n  model: m\n  prompt: {inline: x}\n'),
    says: ['spec.modle'],
    server: ['unknown field "spec.modle"'],
    at: '5:10',
    lint: ['there is no field "modle". Did you mean "model"?'],
  },
  {
    reason: 'a number for a text',
    manifest: agent('  model: 7\n  prompt: {inline: x}\n'),
    says: ['spec.model', 'must be of type string'],
    at: '5:10',
    lint: ['Put it in quotes.'],
  },
  {
    reason: 'a word that is none of the choices',
    manifest: agent(
      '  model: m\n  prompt: {inline: x}\n  tools:\n    mcp: [{name: a, url: "http://a", onUnavailable: degrad}]\n',
    ),
    says: ['spec.tools.mcp[0].onUnavailable', '"degrad"'],
    server: ['"fail", "degrade"'],
    at: '8:53',
    lint: ['Did you mean "degrade"?'],
  },
  {
    reason: 'a required field left out',
    manifest: agent('  model: m\n'),
    says: ['spec.prompt'],
    server: ['Required value'],
    at: '5:3',
    lint: ['is missing'],
  },
  {
    reason: 'steps that wait for each other',
    manifest: team(
      `${roles}  pipeline:\n    - {role: reader, dependsOn: [writer], inputs: {t: x}}\n    - {role: writer, dependsOn: [reader], inputs: {t: x}}\n`,
    ),
    says: ['spec.pipeline[0].dependsOn', 'reader → writer → reader', 'Break the circle'],
    at: '7:33',
  },
  {
    reason: 'a step that waits for one nobody knows',
    manifest: team(
      `${roles}  pipeline:\n    - {role: reader, inputs: {t: x}}\n    - {role: writer, dependsOn: [raeder], inputs: {t: x}}\n`,
    ),
    says: ['spec.pipeline[1].dependsOn[0]', 'there is no step "raeder"', 'Did you mean reader?'],
    at: '8:34',
  },
  {
    reason: 'a template that is not closed',
    manifest: team(`${roles}  pipeline:\n    - {role: reader, inputs: {t: "{{ .input.alert "}}\n`),
    says: ['spec.pipeline[0].inputs.t', 'is not closed', '(line 1, column 1)', 'Close it with }}'],
    at: '7:35',
  },
  {
    reason: 'a template that reads a step nobody knows',
    manifest: team(
      `${roles}  pipeline:\n    - role: reader\n      inputs:\n        t: |\n          Look at\n          this: {{ .steps.riter.output }}\n`,
    ),
    says: ['spec.pipeline[0].inputs.t', 'the step "riter" does not exist', '(line 2, column 10)'],
    at: '11:20',
  },
  {
    reason: 'a template that reads an input the team does not have',
    manifest: team(
      `  inputs: [{name: alert}]\n${roles}  pipeline:\n    - {role: reader, inputs: {t: "{{ .input.alrt }}"}}\n`,
    ),
    says: [
      'spec.pipeline[0].inputs.t',
      'the input "alrt" does not exist',
      '(line 1, column 4)',
      'Did you mean alert?',
    ],
    at: '8:38',
  },
  {
    reason: 'a run of a team nobody knows',
    manifest: run('  teamRef: raeders\n  input: {alert: x}\n'),
    says: ['spec.teamRef', 'there is no SwarmTeam "raeders"'],
    server: ['Did you mean "readers"?'],
    at: '',
    known: 'in the cluster only',
  },
  {
    reason: 'a run of an agent nobody knows',
    manifest: run('  agent: hepler\n  prompt: x\n'),
    says: ['spec.agent', 'there is no SwarmAgent "hepler"'],
    server: ['Did you mean "helper"?'],
    at: '',
    known: 'in the cluster only',
  },
  {
    reason: 'a run without a required input',
    manifest: run('  teamRef: readers\n'),
    says: ['spec.input.alert', 'requires the input "alert"', 'what happened'],
    at: '',
    known: 'in the cluster only',
  },
  {
    reason: 'a run without an input that a template reads',
    manifest: run('  teamRef: undeclared\n  input: {alrt: x}\n'),
    says: [
      'spec.input',
      'the input "alert" does not exist in this run (which gives alrt)',
      'SwarmTeam "undeclared"',
      'Give it in spec.input',
    ],
    at: '',
    known: 'in the cluster only',
  },
]

describe('a manifest with', () => {
  test.each(wrong)('$reason', async ({ manifest, says, server = [], at, lint = [], known }) => {
    const kind = kindOf(manifest)
    const posted = await api.send('POST', `${collection(kind)}?fieldValidation=Strict`, {
      body: manifest,
      contentType: 'application/yaml',
    })
    expect([400, 422]).toContain(posted.status)
    const { message } = posted.json<{ message: string }>()
    for (const text of [...says, ...server]) expect(message).toContain(text)

    const path = file(manifest)
    if (newest !== undefined) {
      const { exitCode, stdout, stderr } = await kubectl('apply', '-f', path)
      expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 1, stdout: '' })
      for (const text of [...says, ...server]) expect(stderr).toContain(text)
    }
    expect((await api.send('GET', `${collection(kind)}/x`)).status, 'nothing is stored').toBe(404)

    const linted = await swarm(['lint', path])
    if (known !== undefined) return
    expect(linted.exitCode, linted.stdout).toBe(2)
    const error = linted.stdout.split('\n').find((line) => line.includes(': error: '))
    expect(error).toContain(`${path}:${at}: error: ${kind} ${namespace}/x: `)
    for (const text of [...says, ...lint]) expect(error).toContain(text)
  })
})

test('text that is not YAML is refused with its line by kubectl, by the server and by lint', async () => {
  const manifest = agent('  model: "m\n  prompt: {inline: x}\n')
  const posted = await api.send('POST', collection('SwarmAgent'), {
    body: manifest,
    contentType: 'application/yaml',
  })
  expect(posted.status).toBe(400)
  expect(posted.json<{ message: string }>().message).toContain('line 7')
  const linted = await swarm(['lint', file(manifest)])
  expect(linted.exitCode).toBe(2)
  expect(linted.stdout).toMatch(
    /manifest\.yaml:7:1: error: cannot read YAML: Missing closing "quote\. Add what is missing/,
  )
  if (newest === undefined) return
  const applied = await kubectl('apply', '-f', file(manifest))
  expect(applied.exitCode).toBe(1)
  expect(applied.stderr).toMatch(/manifest\.yaml.*line 7/)
})

// kubectl drops the first of two equal keys before it sends anything, whatever the server.
test('a field given twice is refused by the server and by lint', async () => {
  const manifest = agent('  model: one\n  model: two\n  prompt: {inline: x}\n')
  const posted = await api.send('POST', collection('SwarmAgent'), {
    body: manifest,
    contentType: 'application/yaml',
  })
  expect(posted.status).toBe(400)
  expect(posted.json<{ message: string }>().message).toMatch(/keys must be unique at line 6, column 3/)
  const linted = await swarm(['lint', file(manifest)])
  expect([linted.exitCode, linted.stdout]).toEqual([
    2,
    expect.stringContaining(
      'manifest.yaml:6:3: error: cannot read YAML: Map keys must be unique. Keep one of the two',
    ),
  ])
})

test('a run that exists keeps its spec', async () => {
  await api.ok('POST', collection('SwarmRun'), {
    body: {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmRun',
      metadata: { name: 'kept' },
      spec: { teamRef: 'readers', input: { alert: 'x' } },
    },
  })
  const changed = await api.send('PATCH', `${collection('SwarmRun')}/kept`, {
    body: { spec: { input: { alert: 'y' } } },
    contentType: 'application/merge-patch+json',
  })
  expect([changed.status, changed.json<{ message: string }>().message]).toEqual([
    422,
    expect.stringContaining(
      'input cannot change once the run exists (only cancel and suspend can): make a new SwarmRun',
    ),
  ])
})

describe('a manifest that is stored with a warning', () => {
  test.each([
    {
      reason: 'a field that is not acted on yet',
      manifest: `${head('SwarmAgent', 'warned')}  model: m\n  prompt: {inline: x}\n  guardrails: {budgetRef: {name: month}}\n`,
      says: ['SwarmAgent bad-manifests/warned', 'spec.guardrails.budgetRef'],
    },
    {
      reason: 'an agent that is not there yet',
      manifest: team(
        '  roles: [{name: reader, swarmAgent: hepler}]\n  pipeline: [{role: reader, inputs: {t: x}}]\n',
        'early',
      ),
      says: [
        'SwarmTeam bad-manifests/early',
        'spec.roles[0].swarmAgent',
        'there is no SwarmAgent "hepler"',
        'Did you mean "helper"?',
      ],
    },
    {
      reason: 'a mode that cannot run yet',
      manifest: team('  routing: {model: m}\n', 'routed'),
      says: [
        'SwarmTeam bad-manifests/routed',
        'spec.routing',
        'runs of this team will be refused',
        'not yet supported: routed teams',
      ],
    },
  ])('$reason', async ({ manifest, says }) => {
    const linted = await swarm(['lint', file(manifest)])
    expect(linted.exitCode).toBe(0)
    expect(linted.stdout).toContain(': warning: ')
    expect(linted.stdout).toContain(says[1] ?? '')
    if (newest === undefined) {
      await api.ok('POST', collection(kindOf(manifest)), { body: manifest, contentType: 'application/yaml' })
      return
    }
    const { exitCode, stderr } = await kubectl('apply', '-f', file(manifest))
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toMatch(/^Warning: /)
    for (const text of says) expect(stderr).toContain(text)
  })

  test.each([
    {
      args: ['routed', '-i', 'a=b'],
      says: ['SwarmRun bad-manifests/', 'spec.teamRef', 'not yet supported: routed teams'],
    },
    { args: ['early'], says: ['there is no SwarmAgent "hepler"'] },
    { args: ['raeders'], says: ['spec.teamRef', 'there is no SwarmTeam "raeders"'] },
    { args: ['--agent', 'hepler', '--prompt', 'x'], says: ['spec.agent', 'there is no SwarmAgent "hepler"'] },
  ])('and swarm run $args is refused with a remedy', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await swarm([
      'run',
      ...args,
      '-n',
      namespace,
      '--kubeconfig',
      dev.kubeconfig,
    ])
    const { message, code } = shownError(stderr)
    expect({ exitCode, stdout, code }).toEqual({ exitCode: 2, stdout: '', code: 'InvalidManifest' })
    for (const text of says) expect(message).toContain(text)
  })
})

describe.skipIf(newest === undefined)('kubectl says of', () => {
  test('a kind that does not exist, that it does not exist', async () => {
    const { exitCode, stderr } = await kubectl(
      'apply',
      '-f',
      file('apiVersion: kubeswarm.io/v1alpha1\nkind: SwarmAgnt\nmetadata: {name: x}\n'),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('no matches for kind "SwarmAgnt" in version "kubeswarm.io/v1alpha1"')
  })

  test('a namespace that does not exist, that it does not exist', async () => {
    const { exitCode, stderr } = await kubectl(
      'apply',
      '-f',
      file(agent('  model: m\n  prompt: {inline: x}\n').replace(namespace, 'nowhere')),
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('namespaces "nowhere" not found')
  })

  test('a pod with an image that is not ours, why it cannot run', async () => {
    const deployment = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: alien, namespace: ${namespace}}\nspec:\n  selector: {matchLabels: {app: alien}}\n  template:\n    metadata: {labels: {app: alien}}\n    spec: {containers: [{name: web, image: "nginx:1"}]}\n`
    expect((await kubectl('apply', '-f', file(deployment))).exitCode).toBe(0)
    await kubectl(
      'wait',
      '--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImageNeverPull',
      'pod',
      '-l',
      'app=alien',
      '-n',
      namespace,
      '--timeout=30s',
    )
    expect((await kubectl('get', 'pods', '-n', namespace, '-l', 'app=alien')).stdout).toMatch(
      /alien-\S+\s+0\/1\s+ErrImageNeverPull\s/,
    )
    const { stdout } = await kubectl('describe', 'pod', '-n', namespace, '-l', 'app=alien')
    expect(stdout).toMatch(/Warning\s+ErrImageNeverPull .*"nginx:1" cannot run here/)
  })
})
