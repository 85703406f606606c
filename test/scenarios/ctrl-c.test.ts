// Ctrl-C at any moment, and worse: what was started ends, what was written is whole, and the same state opens again.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseScript } from '../../src/adapters/scripted-model/script.ts'
import {
  startScriptedModel,
  type ScriptedModel,
} from '../../src/adapters/scripted-model/start-scripted-model.ts'
import { apiOf } from './support/api.ts'
import { interruptAt, type Moment } from './support/interrupt.ts'
import { startModel } from './support/model.ts'
import { canSeeProcesses, childrenOf, processesOf } from './support/processes.ts'
import { example, namespace, runPath } from './support/story.ts'
import { checkout, startDevProcess, swarm } from './support/swarm.ts'

if (!canSeeProcesses) console.log('not checked: processes left running; there is no /proc on this machine')

const made: string[] = []
const responderScript = 'src/adapters/scripted-model/scripts/responder.yaml'
const fresh = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'ctrl-c-'))
  made.push(directory)
  return directory
}
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true })
})

const expectNothingRuns = (directory: string) => {
  if (canSeeProcesses) expect(processesOf(directory)).toEqual([])
}
const agents = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmagents`
const storyOn = (state: string): readonly string[] => ['--state', state, '--script', 'responder', example]

interface Run {
  readonly metadata: { readonly uid: string }
  readonly status?: { readonly phase?: string; readonly output?: string }
}

describe('swarm dev, interrupted', () => {
  test.each<readonly [string, (state: string) => Moment]>([
    ['before it has done anything', () => ({ type: 'spawned' })],
    ['when its node is up', () => ({ type: 'output', shows: /node agent is ready/ })],
    ['when its hub listens', () => ({ type: 'output', shows: /hub listens/ })],
    ['when the first pod starts', (state) => ({ type: 'pods', state, count: 1 })],
    ['when all pods start', (state) => ({ type: 'pods', state, count: 6 })],
    ['when it is ready', () => ({ type: 'output', shows: /"kubeconfig"/ })],
  ])('%s: ends, leaves nothing running, and its state opens again at once', async (_, momentIn) => {
    const temporary = fresh()
    const state = join(temporary, 'state')
    const moment = momentIn(state)
    const { exitCode, output, reached } = await interruptAt({
      args: ['dev', ...storyOn(state), '-o', 'json', '--log-level', 'info'],
      moment,
      temporary,
    })
    expect(reached).toBe(true)
    // Before it can listen to signals, the signal itself ends it.
    expect(exitCode, output).toBe(moment.type === 'spawned' ? null : 0)
    expect(output).not.toMatch(/code: Internal|"level":[56]0/)
    expectNothingRuns(temporary)
    expect(existsSync(join(state, 'kubeconfig'))).toBe(false)

    const again = await startDevProcess({ args: storyOn(state) })
    expect(
      (await apiOf(again.kubeconfig).ok<{ items: readonly unknown[] }>('GET', agents)).items,
    ).toHaveLength(3)
    expect(await again.stop()).toBe(0)
    expect(existsSync(join(state, 'kubeconfig'))).toBe(false)
    expectNothingRuns(temporary)
  })

  test('by a signal that comes twice, from the terminal and from a parent that passes it on: it still tidies up', async () => {
    const temporary = fresh()
    const moment = { type: 'output', shows: /"kubeconfig"/ } as const
    const { exitCode, output } = await interruptAt({
      args: ['dev', example, '--ephemeral', '--script', 'responder', '-o', 'json'],
      moment,
      temporary,
      signals: ['SIGINT', 'SIGTERM'],
    })
    expect(exitCode, output).toBe(0)
    expectNothingRuns(temporary)
    expect(readdirSync(temporary)).toEqual([])
  })

  test('while a run is under way: it ends all the same; after the restart earlier runs are there and this one goes on', async () => {
    const temporary = fresh()
    const state = join(temporary, 'state')
    let asked = () => {}
    const underWay = new Promise<void>((resolve) => (asked = resolve))
    let patience: 'answer' | 'hang' = 'answer'
    const model = await startModel({
      models: ['qwen2.5:7b'],
      answer: () => {
        if (patience === 'answer') return { text: 'It was the database.' }
        asked()
        return new Promise(() => {})
      },
    })
    try {
      const start = () =>
        startDevProcess({
          args: ['--state', state, example],
          environment: { OPENAI_BASE_URL: model.url, TMPDIR: temporary },
        })
      const first = await start()
      const ask = (name: string) => [
        'run',
        '--agent',
        'incident-diagnostician',
        '--prompt',
        'Why?',
        '--name',
        name,
        '-n',
        namespace,
        '--kubeconfig',
        first.kubeconfig,
      ]
      expect((await swarm(ask('earlier'))).exitCode).toBe(0)
      const earlier = await apiOf(first.kubeconfig).ok<Run>('GET', runPath('earlier'))

      patience = 'hang'
      await swarm([...ask('interrupted'), '--no-watch'])
      await underWay
      expect(await first.stop()).toBe(0)
      expectNothingRuns(temporary)

      patience = 'answer'
      const second = await start()
      const api = apiOf(second.kubeconfig)
      expect(await api.ok<Run>('GET', runPath('earlier'))).toMatchObject({
        metadata: { uid: earlier.metadata.uid },
        status: { phase: 'Succeeded', output: 'It was the database.' },
      })
      const resumed = await api.until<Run>(
        runPath('interrupted'),
        ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed',
      )
      expect(resumed.status).toMatchObject({ phase: 'Succeeded', output: 'It was the database.' })
      const logs = await swarm(['logs', 'run/earlier', '-n', namespace, '--kubeconfig', second.kubeconfig])
      expect(logs.stdout).toContain('run Succeeded')
      expect(await second.stop()).toBe(0)
    } finally {
      await model.close()
    }
  })
})

describe.skipIf(!canSeeProcesses)('swarm dev, killed', () => {
  test('its children die with it, and the state opens again without a word about locks', async () => {
    const temporary = fresh()
    const state = join(temporary, 'state')
    const first = await startDevProcess({ args: storyOn(state) })
    const played = await swarm([
      'run',
      '-f',
      join(example, 'sample-incident.yaml'),
      '--kubeconfig',
      first.kubeconfig,
    ])
    expect(played.exitCode, played.stderr).toBe(0)
    const children = childrenOf(first.pid)
    expect(children).toHaveLength(6)
    await first.stop('SIGKILL')
    // Returns when the last of them is gone.
    for (const { pid } of children) execFileSync('tail', [`--pid=${pid}`, '-f', '/dev/null'])
    expectNothingRuns(temporary)

    const second = await startDevProcess({ args: storyOn(state) })
    expect(await apiOf(second.kubeconfig).ok<Run>('GET', runPath('incident-001'))).toMatchObject({
      status: { phase: 'Succeeded' },
    })
    const next = await swarm([
      'run',
      '-f',
      join(example, 'second-incident.yaml'),
      '--kubeconfig',
      second.kubeconfig,
    ])
    expect(next.exitCode, next.stderr).toBe(0)
    expect(await second.stop()).toBe(0)
    expectNothingRuns(temporary)
  })

  test('two at a time on one state: the second is told who has it, and the first goes on', async () => {
    const state = join(fresh(), 'state')
    const first = await startDevProcess({ args: ['--state', state, '--script', 'responder'] })
    const second = await swarm(['dev', '--state', state, '--script', 'responder', '-o', 'json'])
    expect([second.exitCode, second.stdout]).toEqual([5, ''])
    expect(second.stderr).toMatch(/^error: .*\n {2}fix: .*\n {2}code: \w+\n$/)
    expect(second.stderr).toContain(String(first.pid))
    expect((await apiOf(first.kubeconfig).send('GET', '/readyz')).status).toBe(200)
    expect(existsSync(first.kubeconfig)).toBe(true)
    expect(await first.stop()).toBe(0)
  })
})

interface UnansweredTurn {
  /** RE2 over an agent's system prompt. */
  readonly system: string
  readonly turn: number
}
const startResponderWithout = async (when: UnansweredTurn): Promise<ScriptedModel> => {
  const responder = parse(readFileSync(join(checkout, responderScript), 'utf8')) as { rules: unknown[] }
  const rules = [{ name: 'unanswered', when, fault: { type: 'hang' } }, ...responder.rules]
  return startScriptedModel({
    script: parseScript({ text: JSON.stringify({ ...responder, rules }), source: 'this test' }),
    models: ['qwen2.5:7b'],
    host: '127.0.0.1',
    port: 0,
    log: () => undefined,
  })
}

const expectCleanEnd = async ({
  moment,
  environment = {},
}: {
  readonly moment: Moment
  readonly environment?: Readonly<Record<string, string>>
}) => {
  const temporary = fresh()
  const { exitCode, output, reached } = await interruptAt({ args: ['demo'], moment, temporary, environment })
  expect(reached, output).toBe(true)
  expect(exitCode, output).toBe(moment.type === 'spawned' ? null : 130)
  expect(output).not.toMatch(/error:|"level":[56]0/)
  expectNothingRuns(temporary)
  expect(readdirSync(temporary)).toEqual([])
}

describe('swarm demo, interrupted', () => {
  test.each<readonly [string, Moment]>([
    ['before it has done anything', { type: 'spawned' }],
    ['when it says its name', { type: 'output', shows: /kubeswarm demo/ }],
    ['when the cluster is up', { type: 'output', shows: /embedded cluster up/ }],
    ['when the manifests are applied', { type: 'output', shows: /manifests applied/ }],
  ])('%s: ends and leaves nothing', async (_, moment) => {
    await expectCleanEnd({ moment })
  })

  // The story is over sooner than a line of it arrives here, so the model never answers at the turn in question.
  test.each<readonly [string, { readonly shows: RegExp; readonly unanswered: UnansweredTurn }]>([
    [
      'when the agents are ready',
      { shows: /tool servers ready/, unanswered: { system: 'investigator', turn: 1 } },
    ],
    ['when the run has started', { shows: /run started/, unanswered: { system: 'investigator', turn: 1 } }],
    [
      'when the second agent works',
      { shows: /● diagnostician/, unanswered: { system: 'diagnostician', turn: 1 } },
    ],
    [
      'when the message is out',
      { shows: /✓ notifier +slack\/post_message/, unanswered: { system: 'communications', turn: 2 } },
    ],
  ])('%s: ends and leaves nothing', async (_, { shows, unanswered }) => {
    const model = await startResponderWithout(unanswered)
    try {
      const environment = { OPENAI_BASE_URL: model.url }
      await expectCleanEnd({ moment: { type: 'output', shows }, environment })
    } finally {
      await model.close()
    }
  })
})
