// The pages on separation of powers and its limits, command by command; then the same questions asked of a cluster that enforces it.

import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { apiOf } from './support/api.ts'
import { checkout, startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

const textOf = (document: string): string => readFileSync(join(checkout, document), 'utf8')

/** Shell blocks of a page, each with the text block that shows what they print. */
const shownIn = (document: string) =>
  [...textOf(document).matchAll(/```sh\n(.*?)```\n\n```text\n(.*?)```/gs)].map(
    ([, commands = '', output = '']) => ({
      first: commands.trim().split('\n')[0],
      commands: commands.trim().split('\n'),
      output,
    }),
  )

/** Words of a command line, with single quotes as the only quoting the page uses. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

describe.each(['docs/separation.md', 'docs/limits-of-protection.md'])('%s', (document) => {
  test('shows what each of its commands prints', () => {
    expect(shownIn(document)).toHaveLength(textOf(document).split('```sh\n').length - 1)
  })

  test.each(shownIn(document))('$first', async ({ commands, output }) => {
    const printed: string[] = []
    for (const line of commands) {
      const [command = '', exit = '0'] = line.split(' # exit ')
      const { exitCode, stdout, stderr } = await swarm(wordsOf(command).slice(1))
      expect(exitCode, `${command}\n${stderr}`).toBe(Number(exit))
      printed.push(stdout)
    }
    expect(printed.join('')).toBe(output)
  })
})

describe('on a cluster', () => {
  const example = join(checkout, 'examples/incident-response')
  const variant = join(example, 'constrained')
  let dev: DevProcess
  let directory: string
  const ask = (...args: readonly string[]) =>
    swarm([...args, '-n', 'incident-response'], { environment: { KUBECONFIG: dev.kubeconfig } })
  const policyFile = async (name: string, spec: object): Promise<string> => {
    const path = join(directory, `${name}.yaml`)
    const policy = { apiVersion: 'kubeswarm.io/v1alpha1', kind: 'SwarmPolicy', metadata: { name }, spec }
    await writeFile(path, JSON.stringify(policy))
    return path
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'separation-'))
    dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', example] })
  })
  afterAll(async () => {
    await dev?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  test('explain and can-i say of the cluster what they say of its manifests', async () => {
    for (const question of [
      ['explain', 'agent', 'incident-investigator'],
      ['explain', 'team', 'incident-responder'],
      ['can-i', 'incident-notifier', 'slack/post_message'],
      ['can-i', 'incident-investigator', 'slack/post_message'],
    ] as const) {
      const [live, offline] = [await ask(...question), await swarm([...question, '-f', example])]
      expect(live.stdout).toBe(offline.stdout)
      expect(live.exitCode).toBe(offline.exitCode)
    }
  })

  test('policy test names the calls of a past run that the policy would have denied, and changes nothing', async () => {
    const run = await ask('run', '-f', join(example, 'sample-incident.yaml'))
    expect(run.exitCode, run.stderr).toBe(0)
    const file = await policyFile('no-logs', { tools: { deny: ['*/query_logs'] } })
    const { exitCode, stdout } = await ask('policy', 'test', '-f', file, '-o', 'json')
    expect(exitCode).toBe(0)
    const { past, changes } = JSON.parse(stdout) as {
      readonly past: { readonly runs: number; readonly denied: readonly object[] }
      readonly changes: { readonly agents: readonly { readonly agent: string }[] }
    }
    expect(past.runs).toBe(1)
    expect(past.denied.length).toBeGreaterThan(0)
    for (const denied of past.denied)
      expect(denied).toMatchObject({
        run: 'incident-001',
        agent: 'incident-investigator',
        call: 'grafana/query_logs',
      })
    expect(changes.agents.map(({ agent }) => agent)).toEqual(['incident-investigator'])
    expect((await ask('get', 'policies', '-o', 'name')).stdout.trim()).toBe(
      'swarmpolicies.kubeswarm.io/incident-policy',
    )
  })

  test('diff of the constrained variant takes and gives nothing', async () => {
    const { stdout } = await ask('diff', '-f', variant, '-o', 'json')
    const { agents, separation } = JSON.parse(stdout) as {
      readonly agents: readonly { readonly changes: readonly { readonly type: string }[] }[]
      readonly separation: readonly { readonly type: string }[]
    }
    expect(agents.flatMap(({ changes }) => changes).map(({ type }) => type)).not.toContain('gains')
    expect(new Set(separation.map(({ type }) => type))).toEqual(new Set(['goes']))
  })

  test('a policy that enforces it refuses the way back, naming it, and what stands in the way may stay', async () => {
    const api = apiOf(dev.kubeconfig)
    const kinds = '/apis/kubeswarm.io/v1alpha1/namespaces/incident-response'
    const applied = (plural: string, object: { readonly metadata: { readonly name: string } }) =>
      api.send('PATCH', `${kinds}/${plural}/${object.metadata.name}?fieldManager=test&force=true`, {
        contentType: 'application/apply-patch+yaml',
        body: object,
      })
    const agent = (folder: string, name: string) =>
      parse(readFileSync(join(folder, `${name}-agent.yaml`), 'utf8')) as {
        readonly metadata: { readonly name: string }
      }
    const policy = await policyFile('two', { requirements: { separation: 'Enforce' } })
    const object = JSON.parse(readFileSync(policy, 'utf8')) as {
      readonly metadata: { readonly name: string }
    }
    // The team of the example does not keep it: the policy may come, and says so.
    expect((await applied('swarmpolicies', object)).status).toBe(201)
    expect((await applied('swarmagents', agent(variant, 'notifier'))).status).toBe(200)
    const wayBack = { spec: { guardrails: { tools: { constraints: null, effects: null } } } }
    const { status, text } = await api.send('PATCH', `${kinds}/swarmagents/incident-notifier`, {
      contentType: 'application/merge-patch+json',
      body: wayBack,
    })
    expect(status).toBe(422)
    for (const words of [
      'SwarmPolicy two spec.requirements.separation',
      'slack/post_message',
      'spec.guardrails.tools.effects',
    ])
      expect(text).toContain(words)
    expect(dev.complaints()).not.toContain('ERR_')
  })
})
