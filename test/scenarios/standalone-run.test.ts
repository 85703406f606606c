// `swarm run` and its companions as a person and as a script use them: one agent without a team, what goes to which
// stream, runs side by side, and the exit codes.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { example, journalOf, ledgerOf, namespace, recordsOf, runPath } from './support/story.ts'
import { checkout, startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

// Longer than what a journal record holds of a text.
const longAnswer = 'Polly wants a cracker. '.repeat(1000).trim()
const parrot = {
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'parrot' },
  spec: { model: 'qwen2.5:7b', prompt: { inline: 'You are a parrot.' } },
}

let dev: DevProcess
let api: Api
const scripts = mkdtempSync(join(tmpdir(), 'script-'))
beforeAll(async () => {
  const script = join(scripts, 'with-parrot.yaml')
  const responder = readFileSync(join(checkout, 'src/adapters/scripted-model/scripts/responder.yaml'), 'utf8')
  writeFileSync(
    script,
    `${responder}\n  - name: parrot\n    when: { system: 'you are a parrot' }\n    answer: ${JSON.stringify(longAnswer)}\n`,
  )
  dev = await startDevProcess({ args: ['--ephemeral', '--script', script, example] })
  api = apiOf(dev.kubeconfig)
})
afterAll(async () => {
  await dev?.stop()
  rmSync(scripts, { recursive: true, force: true })
})

const there = () => ['-n', namespace, '--kubeconfig', dev.kubeconfig]
const question = ['run', '--agent', 'incident-diagnostician', '--prompt']

interface FinishedRun {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: unknown
  readonly status: { readonly phase: string; readonly output: string }
}

describe('one agent alone', () => {
  test('answers on standard output and tells its progress on standard error', async () => {
    const { exitCode, stdout, stderr } = await swarm([
      ...question,
      'Service: payments-api. Why would a pool exhaust?',
      '--name',
      'alone',
      ...there(),
    ])
    expect(exitCode, stderr).toBe(0)
    const answer = JSON.parse(stdout) as Record<string, string>
    expect(answer['blast_radius']).toBe('payments-api')
    expect(stderr).toContain('SwarmRun incident-response/alone\n')
    expect(stderr).toContain('run Succeeded')
    const run = await api.until<FinishedRun>(runPath('alone'), ({ status }) => status?.phase === 'Succeeded')
    expect(run.spec).toMatchObject({
      agent: 'incident-diagnostician',
      prompt: 'Service: payments-api. Why would a pool exhaust?',
    })
    expect(`${run.status.output}\n`).toBe(stdout)
  })

  test('takes its prompt from standard input', async () => {
    const { exitCode, stdout, stderr } = await swarm([...question, '-', ...there()], {
      input: 'Service: checkout-gateway\nWhy?\n',
    })
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('checkout-gateway')
  })

  test('-o json prints the finished SwarmRun, -o name its name, and nothing else', async () => {
    const json = await swarm([...question, 'Why?', '--name', 'as-json', '-o', 'json', ...there()])
    expect(json.exitCode, json.stderr).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'SwarmRun',
      metadata: { name: 'as-json' },
      status: { phase: 'Succeeded' },
    })
    const name = await swarm([...question, 'Why?', '--name', 'as-name', '-o', 'name', ...there()])
    expect([name.exitCode, name.stdout]).toEqual([0, 'swarmruns.kubeswarm.io/as-name\n'])
  })

  test('prints a long answer whole', async () => {
    // Not beside the story's agents: the policy there allows no answer as long as this.
    await api.ok('POST', '/apis/kubeswarm.io/v1alpha1/namespaces/default/swarmagents', { body: parrot })
    const { exitCode, stdout, stderr } = await swarm([
      'run',
      '--agent',
      'parrot',
      '--prompt',
      'Go.',
      '-n',
      'default',
      '--kubeconfig',
      dev.kubeconfig,
    ])
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toBe(`${longAnswer}\n`)
  })

  test('--no-watch returns at once; logs -f follows to the end', async () => {
    const { exitCode, stdout, stderr } = await swarm([
      ...question,
      'Why?',
      '--name',
      'unwatched',
      '--no-watch',
      ...there(),
    ])
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(stderr).toContain('swarm logs run/unwatched -n incident-response -f')
    const logs = await swarm(['logs', 'run/unwatched', '-f', ...there()])
    expect(logs.exitCode, logs.stderr).toBe(0)
    expect(logs.stdout).toContain('run Succeeded')
  })
})

test('two runs of the team side by side keep their incidents apart', async () => {
  const [database, certificate] = await Promise.all(
    ['sample-incident.yaml', 'second-incident.yaml'].map((file) =>
      swarm(['run', '-f', join(example, file), '--kubeconfig', dev.kubeconfig]),
    ),
  )
  expect(database?.exitCode, database?.stderr).toBe(0)
  expect(certificate?.exitCode, certificate?.stderr).toBe(0)

  const incidents = {
    'incident-001': ['payments-api', 'P-48291', '312'],
    'incident-002': ['checkout-gateway', 'P-51022', '1846'],
  } as const
  for (const [run, own] of Object.entries(incidents)) {
    const foreign = Object.entries(incidents).flatMap(([other, words]) => (other === run ? [] : [...words]))
    const calls = recordsOf(await journalOf({ kubeconfig: dev.kubeconfig, run }), 'tool.intended').filter(
      ({ step }) => step === 'notifier',
    )
    expect(calls.map(({ tool }) => tool)).toEqual(['post_message', 'acknowledge_incident'])
    const said = JSON.stringify(calls.map((call) => call.arguments))
    for (const word of own) expect(said).toContain(word)
    for (const word of foreign) expect(said).not.toContain(word)
  }
  const posts = (await ledgerOf({ api, server: 'slack' })).map(
    (call) => /Service:\*\* (\S+)/.exec(call.arguments['text'] ?? '')?.[1],
  )
  expect(posts.toSorted()).toEqual(['checkout-gateway', 'payments-api'])
  const acknowledged = (await ledgerOf({ api, server: 'pagerduty' })).flatMap((call) =>
    call.tool === 'acknowledge_incident' ? [call.arguments['incident_id']] : [],
  )
  expect(acknowledged.toSorted()).toEqual(['P-48291', 'P-51022'])
})

describe('looking at runs and agents', () => {
  test('get prints the columns of kubectl, names, YAML and JSON', async () => {
    const agents = (await swarm(['get', 'agents', ...there()])).stdout.trimEnd().split('\n')
    expect(agents[0]).toMatch(/^NAME\s+MODEL\s+REPLICAS\s+READY\s+AGE$/)
    expect(agents.slice(1).map((line) => line.replace(/\s+\S+$/, '').split(/\s+/))).toEqual(
      ['incident-diagnostician', 'incident-investigator', 'incident-notifier'].map((name) => [
        name,
        'qwen2.5:7b',
        '1',
        '1',
      ]),
    )
    const names = (await swarm(['get', 'runs', '-o', 'name', ...there()])).stdout.split('\n')
    expect(names).toContain('swarmruns.kubeswarm.io/alone')
    expect((await swarm(['get', 'run/alone', '-o', 'yaml', ...there()])).stdout).toMatch(
      /^apiVersion: kubeswarm\.io\/v1alpha1\nkind: SwarmRun\n/,
    )
    expect(JSON.parse((await swarm(['get', 'run', 'alone', '-o', 'json', ...there()])).stdout)).toMatchObject(
      { kind: 'SwarmRun', metadata: { name: 'alone' } },
    )
    expect((await swarm(['get', 'runs', '-A', '--kubeconfig', dev.kubeconfig])).stdout).toMatch(
      /^NAMESPACE\s+NAME\s+PHASE\s+/,
    )
  })

  test('describe says state, reason, what happened, and what to do next', async () => {
    const run = await swarm(['describe', 'run/alone', ...there()])
    expect(run.exitCode, run.stderr).toBe(0)
    for (const part of [
      'Succeeded=True',
      'What happened:',
      'run Succeeded',
      'Time: ',
      'Output:',
      'Next: swarm logs run/alone -n incident-response',
    ])
      expect(run.stdout).toContain(part)
    const agent = await swarm(['describe', 'agent', 'incident-notifier', ...there()])
    expect(agent.exitCode, agent.stderr).toBe(0)
    expect(agent.stdout).toContain('Ready=True')
  })

  test('logs of one step hold no other step; logs of an agent are those of its pods', async () => {
    const step = await swarm(['logs', 'run/incident-001', '--step', 'notifier', '-o', 'json', ...there()])
    const steps = step.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { step?: string }).step)
    expect(new Set(steps)).toEqual(new Set([undefined, 'notifier']))
    const agent = await swarm(['logs', 'agent/incident-notifier', ...there()])
    expect(agent.exitCode, agent.stderr).toBe(0)
    expect(agent.stdout).toContain('agent started')
  })
})

describe('exit codes', () => {
  const exits = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await swarm([...args, ...there()])
    return { exitCode, stdout, stderr }
  }

  test('1: the run failed, and standard error says why and what next', async () => {
    // More than the 3000 tokens the agent may spend on one call.
    const { exitCode, stdout, stderr } = await swarm([...question, '-', '--name', 'too-long', ...there()], {
      input: 'why? '.repeat(8000),
    })
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toContain('\nerror: SwarmRun incident-response/too-long Failed: ')
    expect(stderr).toMatch(
      /\n {2}fix: .+\n {2}code: PolicyDenied\n {2}next: swarm describe run too-long -n incident-response\n$/,
    )
  })

  test('2: usage', async () => {
    expect((await exits('run')).exitCode).toBe(2)
    expect((await exits('run', 'incident-responder', '--agent', 'incident-notifier')).exitCode).toBe(2)
    expect((await exits('run', '--agent', 'incident-notifier')).exitCode).toBe(2)
    expect((await exits('get', 'cakes')).exitCode).toBe(2)
    expect((await exits('get', 'runs', '-o', 'cake')).exitCode).toBe(2)
    expect((await exits('run', 'incident-responder', '-i', 'alert')).exitCode).toBe(2)
    expect((await exits('bake')).exitCode).toBe(2)
  })

  test('3: not found', async () => {
    for (const args of [
      ['get', 'run', 'nobody'],
      ['get', 'run', 'nobody', '-o', 'yaml'],
      ['describe', 'run', 'nobody'],
      ['logs', 'run/nobody'],
      ['logs', 'agent/nobody'],
    ]) {
      const { exitCode, stdout, stderr } = await exits(...args)
      expect([args.join(' '), exitCode, stdout]).toEqual([args.join(' '), 3, ''])
      expect(stderr).toMatch(/^error: .*nobody.*\n( {2}fix: .*\n)? {2}code: NotFound\n$/)
    }
  })

  test('2: admission refuses what cannot run, and names what there is', async () => {
    const agent = await exits('run', '--agent', 'incident-cook', '--prompt', 'Cook.')
    expect([agent.exitCode, agent.stdout]).toEqual([2, ''])
    expect(agent.stderr).toContain('there is no SwarmAgent "incident-cook" in the namespace')
    expect(agent.stderr).toContain('"incident-diagnostician", "incident-investigator", "incident-notifier"')
    const team = await exits('run', 'incident-responder', '-i', 'alrt=P-48291')
    expect([team.exitCode, team.stdout]).toEqual([2, ''])
    expect(team.stderr).toContain('the input "alert" does not exist')
  })

  test('5: nobody answers at the address of the kubeconfig', async () => {
    const { exitCode, stderr } = await swarm(['get', 'runs', '--kubeconfig', '/nowhere/kubeconfig'])
    expect(exitCode).toBe(5)
    expect(stderr).toContain('swarm dev')
  })
})
