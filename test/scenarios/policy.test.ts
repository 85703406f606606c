// The policy of the story on the agents of the story: what it clamps, what it refuses, and what it stops. Witnesses are
// kubectl's words, the requests the model got, the journal and the ledgers.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { apiOf, type Api } from './support/api.ts'
import { applierOf, type Applier, type Manifest } from './support/apply.ts'
import { startModel, type ChatAnswer, type ChatRequest, type TestModel } from './support/model.ts'
import {
  copyStory,
  example,
  journalOf,
  ledgerOf,
  namespace,
  recordsOf,
  type StoryCopy,
} from './support/story.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

const read = <T extends Manifest>(file: string): T => parse(readFileSync(join(example, file), 'utf8')) as T

interface Policy extends Manifest {
  readonly spec: { readonly limits: object; readonly enforcementMode: string }
}
interface Agent extends Manifest {
  readonly spec: { readonly guardrails: { readonly limits: object } }
}
const policy = read<Policy>('incident-policy.yaml')
const investigator = read<Agent>('investigator-agent.yaml')

const agentOf = (name: string, spec: object): Manifest => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name, namespace },
  spec: {
    prompt: { inline: `You are ${name}.` },
    guardrails: { limits: { tokensPerCall: 3000 } },
    ...spec,
  },
})
/** Has a server called shell and may call all of it, as far as its own manifest goes. */
const withShell = agentOf('with-shell', {
  model: 'qwen2.5:7b',
  tools: { mcp: [{ name: 'shell', url: 'http://mock-grafana.incident-response.svc:8080' }] },
  guardrails: { limits: { tokensPerCall: 3000 }, tools: { allow: ['shell/*'] } },
})
const onGpt = agentOf('on-gpt', { model: 'gpt-4o' })

const TOKENS_PER_ANSWER = 110

/** Does what each agent is for, and with a shell whatever it finds there. */
const answer = ({ messages, model }: ChatRequest): ChatAnswer => {
  const system = messages.find(({ role }) => role === 'system')?.content ?? ''
  const turn = messages.filter(({ role }) => role === 'assistant').length
  const call = (name: string, args: object): ChatAnswer => ({ call: { name, arguments: args } })
  if (model === 'gpt-4o') return { text: 'I should not have been asked.' }
  if (system.includes('with-shell') && turn === 0) return call('shell__query_logs', { query: 'error' })
  if (system.includes('investigator') && turn === 0)
    return call('pagerduty__get_incident', { incident_id: 'P-48291' })
  if (system.includes('communications') && turn === 0)
    return call('slack__post_message', { channel: '#incidents', text: 'Database down' })
  return { text: 'Done.' }
}

let model: TestModel
let copy: StoryCopy
let dev: DevProcess
let api: Api
let applier: Applier
beforeAll(async () => {
  model = await startModel({ models: ['qwen2.5:7b', 'gpt-4o'], answer })
  copy = copyStory()
  copy.drop('incident-policy.yaml')
  dev = await startDevProcess({
    args: ['--ephemeral', copy.directory],
    environment: { OPENAI_BASE_URL: model.url },
  })
  api = apiOf(dev.kubeconfig)
  applier = applierOf(dev)
})
afterAll(async () => {
  await dev?.stop()
  await model?.close()
  applier?.close()
  copy?.remove()
})

const ask = (...args: readonly string[]) => swarm([...args, '-n', namespace, '--kubeconfig', dev.kubeconfig])
const journal = (run: string) => journalOf({ kubeconfig: dev.kubeconfig, run })
const kinds = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}`

interface Conditioned {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message: string
    }[]
  }
}
const complaintOf = (agent: Conditioned): string | undefined =>
  agent.status?.conditions?.find(({ type, status }) => type === 'PolicyCompliant' && status === 'False')
    ?.message

test('agents that the policy would refuse may be there before it', async () => {
  for (const agent of [withShell, onGpt]) expect(await applier.apply(agent)).toMatchObject({ accepted: true })
})

test('the policy applies, and kubectl says which agents ask for more than it grants', async () => {
  const { accepted, warnings } = await applier.apply(policy)
  expect(accepted).toBe(true)
  const text = warnings.join('\n')
  expect(text).toMatch(/incident-investigator spec\.guardrails\.limits\.tokensPerCall 4000 is above 3000/)
  expect(text).toContain('on-gpt')
  expect(text).toContain('with-shell')
})

describe('the investigator, who asks for 4000 tokens a call where 3000 are granted', () => {
  test('is told so in its status, its label and in explain, with policy, field and both values', async () => {
    const agent = await api.until<Conditioned>(
      `${kinds}/swarmagents/incident-investigator`,
      (object) =>
        complaintOf(object) !== undefined &&
        object.metadata.labels?.['kubeswarm.io/policy-compliant'] === 'false',
    )
    expect(complaintOf(agent)).toContain(
      'SwarmAgent incident-investigator spec.guardrails.limits.tokensPerCall 4000 is above SwarmPolicy incident-policy spec.limits.maxTokensPerCall 3000',
    )
    const { stdout } = await ask('explain', 'agent', 'incident-investigator')
    expect(stdout).toMatch(
      /tokensPerCall +3000 +SwarmPolicy incident-policy spec\.limits\.maxTokensPerCall; the agent asks for 4000/,
    )
  })

  test('runs, with at most 3000 tokens for prompt and answer of each call', async () => {
    const run = await ask('run', '-f', join(example, 'sample-incident.yaml'))
    expect(run.exitCode, run.stderr).toBe(0)
    const asked = recordsOf(await journal('incident-001'), 'llm.requested').filter(
      ({ step }) => step === 'investigator',
    )
    expect(asked).toHaveLength(2)
    for (const { estimatedInputTokens, maxOutputTokens } of asked)
      expect(estimatedInputTokens + maxOutputTokens).toBe(3000)
    expect(model.requests.slice(0, 2).map(({ max_tokens }) => max_tokens)).toEqual(
      asked.map(({ maxOutputTokens }) => maxOutputTokens),
    )
  })

  test('changed, is refused while it asks for 4000, and taken with 3000', async () => {
    const asking = (tokensPerCall: number): Manifest => ({
      ...investigator,
      spec: {
        ...investigator.spec,
        prompt: { inline: 'You are an SRE investigator, and brief.' },
        guardrails: {
          ...investigator.spec.guardrails,
          limits: { ...investigator.spec.guardrails.limits, tokensPerCall },
        },
      },
    })
    const refused = await applier.apply(asking(4000))
    expect(refused.accepted).toBe(false)
    for (const words of [
      'incident-investigator',
      'spec.guardrails.limits.tokensPerCall',
      '4000 is above SwarmPolicy incident-policy spec.limits.maxTokensPerCall 3000',
    ])
      expect(refused.said).toContain(words)
    expect(await applier.apply(asking(3000))).toMatchObject({ accepted: true })
  })
})

test('shell/* is refused at the gate, though the agent allows it', async () => {
  await api.until<Conditioned>(
    `${kinds}/swarmagents/with-shell`,
    (object) => complaintOf(object) !== undefined,
  )
  const can = await ask('can-i', 'with-shell', 'shell/query_logs')
  expect(can.exitCode).toBe(4)
  expect(can.stdout).toContain('SwarmPolicy incident-policy spec.tools.deny[0] "shell/*"')

  await ask('run', '--agent', 'with-shell', '--prompt', 'Look.', '--name', 'shelled')
  const records = await journal('shelled')
  expect(
    recordsOf(records, 'tool.denied').map(({ server, tool, reason, rule }) => ({
      server,
      tool,
      reason,
      rule,
    })),
  ).toEqual([
    {
      server: 'shell',
      tool: 'query_logs',
      reason: 'ToolDenied',
      rule: 'SwarmPolicy incident-policy spec.tools.deny[0] "shell/*"',
    },
  ])
  expect(recordsOf(records, 'tool.intended')).toEqual([])
  expect(await ledgerOf({ api, server: 'grafana' })).toEqual([])
})

test('a gpt-4o agent is refused, and one that was there before is never asked', async () => {
  const refused = await applier.apply({ ...onGpt, metadata: { name: 'another-gpt', namespace } })
  expect(refused.accepted).toBe(false)
  for (const words of [
    'spec.model',
    'gpt-4o',
    'SwarmPolicy incident-policy spec.models.allowed',
    'qwen*, llama*',
  ])
    expect(refused.said).toContain(words)

  const run = await ask('run', '--agent', 'on-gpt', '--prompt', 'Well?', '--name', 'gpt-run')
  expect(run.exitCode).toBe(1)
  expect(run.stderr).toContain('PolicyDenied')
  const [denied] = recordsOf(await journal('gpt-run'), 'llm.denied')
  expect(denied?.rule).toBe('SwarmPolicy incident-policy spec.models.allowed')
  expect(model.requests.map((request) => request.model)).not.toContain('gpt-4o')
})

describe('the three modes', () => {
  const seen = new Map<string, object>()

  test.each([
    { mode: 'Audit', accepted: true, warned: false },
    { mode: 'Warn', accepted: true, warned: true },
    { mode: 'Enforce', accepted: false, warned: false },
  ])('$mode at admission: accepted $accepted, warned $warned', async ({ mode, accepted, warned }) => {
    const applied = await applier.apply({ ...policy, spec: { ...policy.spec, enforcementMode: mode } })
    expect(applied.accepted).toBe(true)
    const name = `greedy-${mode.toLowerCase()}`
    const greedy = agentOf(name, { model: 'gpt-4o', guardrails: { limits: { tokensPerCall: 9000 } } })
    const found = await applier.apply(greedy)
    expect(found.accepted).toBe(accepted)
    const text = found.warnings.join('\n')
    expect(text.includes('9000') && text.includes('gpt-4o')).toBe(warned)
  })

  test.each(['Audit', 'Warn', 'Enforce'])(
    '%s at run time: the same limits, the same refusal',
    async (mode) => {
      expect(
        await applier.apply({ ...policy, spec: { ...policy.spec, enforcementMode: mode } }),
      ).toMatchObject({ accepted: true })
      const explained = JSON.parse(
        (await ask('explain', 'agent', 'with-shell', '-o', 'json')).stdout,
      ) as object
      await ask('run', '--agent', 'with-shell', '--prompt', 'Look.', '--name', `in-${mode.toLowerCase()}`)
      const records = await journal(`in-${mode.toLowerCase()}`)
      seen.set(mode, {
        explained,
        denied: recordsOf(records, 'tool.denied').map(({ reason, rule, message }) => [reason, rule, message]),
        asked: recordsOf(records, 'llm.requested').map((record) => record.maxOutputTokens),
        intended: recordsOf(records, 'tool.intended').length,
      })
      expect(seen.get(mode)).toEqual(seen.get('Audit'))
      expect(seen.get(mode)).toMatchObject({
        intended: 0,
        denied: [['ToolDenied', expect.any(String), expect.any(String)]],
      })
    },
  )
})

test('the day’s ceiling stops the run that would pass it, and says until when', async () => {
  const spent = model.requests.length * TOKENS_PER_ANSWER
  // Room for two calls: each reserves 3000 tokens and settles at what the model reports.
  const maxDailyTokens = spent + TOKENS_PER_ANSWER + 3000
  expect(
    await applier.apply({
      ...policy,
      spec: { ...policy.spec, limits: { ...policy.spec.limits, maxDailyTokens } },
    }),
  ).toMatchObject({ accepted: true })
  const { stdout } = await ask('explain', 'agent', 'incident-diagnostician')
  expect(stdout).toContain(`namespaceDailyTokens   ${maxDailyTokens}`)
  const before = model.requests.length

  const run = await ask('run', 'incident-responder', '-i', 'alert=Incident P-48291', '--name', 'too-much')
  expect(run.exitCode).toBe(1)
  expect(model.requests.length - before).toBe(2)
  const records = await journal('too-much')
  const [failed] = recordsOf(records, 'task.failed')
  expect(failed).toMatchObject({ step: 'diagnostician', code: 'DailyTokensExhausted' })
  const midnight = new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString()
  expect(failed?.message).toBe(
    `namespace incident-response has used ${spent + 2 * TOKENS_PER_ANSWER} of its ${maxDailyTokens} tokens of the day; it resets at ${midnight}`,
  )
  expect(failed?.remedy).toContain('SwarmPolicy incident-policy spec.limits.maxDailyTokens')
  for (const words of [midnight, 'DailyTokensExhausted']) expect(run.stderr).toContain(words)
  expect(await ledgerOf({ api, server: 'slack' })).toHaveLength(1)
})
