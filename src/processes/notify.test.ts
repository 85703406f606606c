// Ends of runs become messages: the operator on resources in memory and a real store, the shipped mock Slack and a
// plain HTTP server at the other end.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMemoryResources } from '../adapters/kubernetes/testing/memory-resources.ts'
import { startMockServer, type MockServer } from '../adapters/mock-servers/start-mock-server.ts'
import { createNotifyChannels } from '../adapters/notify-channels/create-notify-channels.ts'
import { signatureOf } from '../adapters/notify-channels/webhook.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import {
  apiVersion,
  swarmAgents,
  swarmEvents,
  swarmNotifies,
  swarmRuns,
  swarmTeams,
  type NotifyChannelSpec,
  type SwarmAgent,
  type SwarmNotify,
  type SwarmRun,
  type SwarmTeam,
} from '../api/v1alpha1/index.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import { secrets } from '../operator/builtin-kinds.ts'
import { runOperator } from '../operator/run-operator.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const namespace = 'incident-response'
const signingSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

interface Received {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let slack: MockServer
let received: Received[]
let receiverUrl: string
let resources: ReturnType<typeof createMemoryResources>
let store: Store
const stack: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  slack = await startMockServer({
    server: 'slack',
    port: 0,
    controlPort: 0,
    host: '127.0.0.1',
    log: () => {},
  })
  stack.push(() => slack.close())
  received = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      response.end('thank you')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  stack.push(() => new Promise((resolve) => receiver.close(resolve)))
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  resources = createMemoryResources()
  store = openSqliteStore({ path: ':memory:', clock: systemClock })
  stack.push(() => store.close())
})
afterEach(async () => {
  for (const close of stack.splice(0).toReversed()) await close()
})

const startOperator = async (clock: Clock = systemClock): Promise<() => Promise<void>> => {
  const channels = createNotifyChannels({
    allow: [slack.url, receiverUrl].map((url) => new URL(url).host),
    clock: systemClock,
  })
  const operator = await runOperator({
    resources,
    store,
    channels,
    settings: {
      agentImage: 'ghcr.io/kubeswarm/kubeswarm:test',
      agentArgs: ['agent'],
      hubUrl: 'http://127.0.0.1:8092',
      webhookBaseUrl: 'http://127.0.0.1:8092',
      namespace: 'kubeswarm-system',
    },
    definitions: [],
    clock,
    random: Math.random,
    logger: silentLogger,
    signal: new AbortController().signal,
  })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= operator.close().then(() => channels.close()))
  stack.push(close)
  return close
}

const meta = (name: string, more: object = {}) => ({ name, namespace, ...more })
const bot = (): NotifyChannelSpec => ({
  type: 'slack',
  slack: { botTokenFrom: { name: 'slack', key: 'token' }, channel: '#incidents', apiURL: `${slack.url}/api` },
})
const incoming: NotifyChannelSpec = {
  type: 'slack',
  slack: { webhookURLFrom: { name: 'slack', key: 'url' } },
}
const hook = (): NotifyChannelSpec => ({
  type: 'webhook',
  webhook: {
    url: receiverUrl,
    headers: [{ name: 'X-Team', valueFrom: { name: 'slack', key: 'team' } }],
    signingSecretFrom: { name: 'slack', key: 'signing' },
  },
})
const notifyWith = (spec: Partial<SwarmNotify['spec']>, name = 'on-call'): SwarmNotify => ({
  apiVersion,
  kind: 'SwarmNotify',
  metadata: meta(name),
  spec: { channels: [bot()], rateLimitSeconds: 0, ...spec },
})
const teamNamed = (name: string, spec: Partial<SwarmTeam['spec']> = {}): SwarmTeam => ({
  apiVersion,
  kind: 'SwarmTeam',
  metadata: meta(name),
  spec: {
    roles: [{ name: 'worker', swarmAgent: 'worker' }],
    pipeline: [{ role: 'worker', inputs: { alert: '{{ .input.alert }}' } }],
    ...spec,
  },
})
const run = (name: string, spec: Partial<SwarmRun['spec']> = {}) =>
  resources.create(swarmRuns, {
    apiVersion,
    kind: 'SwarmRun',
    metadata: meta(name),
    spec: { teamRef: 'incident-responder', input: { alert: 'High error rate' }, ...spec },
  })

const prepare = async ({
  notify = notifyWith({}),
  team = teamNamed('incident-responder', { notifyRef: { name: 'on-call' } }),
}: { readonly notify?: SwarmNotify; readonly team?: SwarmTeam } = {}): Promise<void> => {
  const text = (value: string) => Buffer.from(value).toString('base64')
  await resources.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta('slack'),
    data: {
      token: text('xoxb-1\n'),
      url: text(`${slack.url}/services/T0/B0/secret`),
      signing: text(signingSecret),
      team: text('sre'),
    },
  } as never)
  await resources.create(swarmAgents, {
    apiVersion,
    kind: 'SwarmAgent',
    metadata: meta('worker'),
    spec: { model: 'qwen2.5:7b', prompt: { inline: 'Work.' } },
  })
  await resources.create(swarmNotifies, notify)
  await resources.create(swarmTeams, team)
}

/** Plays the agent: takes the next task and answers it. */
const answer = async (output: string): Promise<string> => {
  const lease = await store.tasks.lease({
    agent: { namespace, name: 'worker' },
    holder: 'test',
    leaseMs: 10_000,
    waitMs: 10_000,
  })
  if (lease === undefined) throw new Error('no task within 10 s')
  const { task, fence } = lease
  const { step, attempt } = task
  await store.tasks.finish({
    task: task.id,
    fence,
    records: [
      {
        type: 'task.completed',
        step,
        attempt,
        task: task.id,
        output: storeText(output),
        usage: { inputTokens: 10, outputTokens: 5 },
        turns: 1,
        toolCalls: 0,
      },
    ],
    contents: [output],
  })
  return task.prompt
}

interface Call {
  readonly tool: string
  readonly executed: boolean
  readonly arguments: {
    readonly text?: string
    readonly channel?: string
    readonly thread_ts?: string
    readonly ts?: string
  }
  readonly headers: Readonly<Record<string, string>>
}
const ledger = async (): Promise<readonly Call[]> =>
  ((await (await fetch(`${slack.controlUrl}/__ledger`)).json()) as { calls: readonly Call[] }).calls
const statusOf = async (name = 'on-call') =>
  (await resources.get<SwarmNotify>(swarmNotifies, { namespace, name }))?.status
const untilSent = (count: number) =>
  vi.waitFor(async () => expect(await statusOf()).toMatchObject({ sentCount: count, waitingCount: 0 }), {
    timeout: 15_000,
  })

const report = JSON.stringify({
  service: 'payments-api',
  severity: 'high',
  root_cause: 'PostgreSQL primary is down',
})

test('the end of a run is told through every channel, signed, and the status says so', async () => {
  await prepare({ notify: notifyWith({ channels: [bot(), incoming, hook()] }) })
  await startOperator()
  await run('incident-001')
  await answer(report)
  await untilSent(3)
  const calls = await ledger()
  expect(calls.map(({ tool, executed }) => [tool, executed]).toSorted()).toEqual([
    ['chat.postMessage', true],
    ['incoming-webhook', true],
  ])
  for (const { arguments: sent } of calls)
    expect(sent).toMatchObject({
      text: 'incident-responder succeeded – payments-api: PostgreSQL primary is down',
      unfurl_links: false,
    })
  const [message] = received
  const { headers = {}, body = '' } = message ?? {}
  expect(JSON.parse(body)).toMatchObject({
    type: 'io.kubeswarm.run.succeeded',
    source: `/namespaces/${namespace}/swarmruns/incident-001`,
    data: { run: { report: { service: 'payments-api' } } },
  })
  expect(headers).toMatchObject({ 'content-type': 'application/cloudevents+json', 'x-team': 'sre' })
  const [id, timestamp] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])]
  expect(headers['webhook-signature']).toBe(signatureOf({ id, timestamp, body, secret: signingSecret }))
  const status = await statusOf()
  expect(status?.lastDispatches).toMatchObject(
    [0, 1, 2].map((channelIndex) => ({ channelIndex, lastEvent: 'TeamSucceeded', succeeded: true })),
  )
  expect(status?.conditions).toMatchObject([{ type: 'Ready', status: 'True', reason: 'Active' }])
  // F97: nothing secret in the object.
  expect(JSON.stringify(status)).not.toMatch(/xoxb|whsec|services\/T0/)
})

test('F88 an end that nobody was left to tell of is told by the next operator, once', async () => {
  await prepare()
  const close = await startOperator()
  await run('incident-001')
  // The end is durable and untold: as after a kill between the journal and everything else.
  await vi.waitFor(async () => expect(await store.journal.unfinished()).toHaveLength(1))
  await close()
  const [unfinished] = await store.journal.unfinished()
  await store.journal.append({
    run: unfinished!,
    records: [{ type: 'run.finished', phase: 'Failed', reason: 'StepFailed', message: 'step failed' }],
  })
  await (
    await startOperator()
  )()
  await startOperator()
  await untilSent(1)
  expect((await ledger()).map(({ arguments: { text } }) => text)).toEqual([
    'incident-responder failed – step failed',
  ])
})

test('news of the same incident goes into its thread, and the first message is brought up to date', async () => {
  await prepare()
  await startOperator()
  for (const [index, name] of ['first', 'second'].entries()) {
    await run(name, { input: { alert: 'x', incidentId: 'P-48291' } })
    await answer(report)
    await untilSent(index + 1)
  }
  await run('other', { input: { alert: 'x', incidentId: 'P-51022' } })
  await answer(report)
  await untilSent(3)
  const [first, reply, update, other, ...more] = await ledger()
  expect([first?.tool, reply?.tool, update?.tool, other?.tool, more]).toEqual([
    'chat.postMessage',
    'chat.postMessage',
    'chat.update',
    'chat.postMessage',
    [],
  ])
  expect(first?.arguments.thread_ts).toBeUndefined()
  expect(reply?.arguments.thread_ts).toBe(update?.arguments.ts)
  expect(other?.arguments.thread_ts).toBeUndefined()
})

test('W4 a run that takes too long is cut off and told of; so is one that cannot start', async () => {
  await prepare()
  await startOperator()
  await run('slow', { timeoutSeconds: 1 })
  await run('unknown', {
    teamRef: 'incident-responder',
    input: { alert: 'x' },
    pipeline: [{ role: 'nobody' }],
  })
  await untilSent(2)
  const texts = (await ledger()).map(({ arguments: { text = '' } }) => text).toSorted()
  expect(texts[0]).toMatch(/^incident-responder failed – .*nobody/)
  expect(texts[1]).toMatch(/^incident-responder ran out of time – .*timeoutSeconds/)
  expect(await store.tasks.depth({ namespace, name: 'worker' })).toMatchObject({ queued: 0 })
})

test('only what a SwarmNotify listens to is told, and nothing of a cancelled run', async () => {
  await prepare({ notify: notifyWith({ on: ['TeamFailed'] }) })
  await startOperator()
  await run('good')
  await answer('done')
  await run('cancelled', { cancel: true })
  await vi.waitFor(async () => expect(await store.ends.pending()).toEqual([]))
  await vi.waitFor(async () => {
    const { items } = await resources.list<SwarmRun>(swarmRuns, { namespace })
    expect(items.map(({ status }) => status?.phase).toSorted()).toEqual(['Cancelled', 'Succeeded'])
  })
  expect(await store.outbox.summary({ namespace, notify: 'on-call' })).toMatchObject({ sent: 0, waiting: 0 })
})

test('an agent that has not been ready for a minute is told of, once, and not before', async () => {
  await prepare()
  await resources.patch(swarmAgents, meta('worker'), {
    spec: { observability: { notifyRef: { name: 'on-call' } } },
  })
  const close = await startOperator()
  await vi.waitFor(async () => {
    const agent = await resources.get<SwarmAgent>(swarmAgents, meta('worker'))
    expect(agent?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False' }, {}])
  })
  expect(await store.outbox.summary({ namespace, notify: 'on-call' })).toMatchObject({ sent: 0, waiting: 0 })
  await close()
  const later: Clock = { ...systemClock, now: () => Date.now() + 62_000 }
  await (
    await startOperator(later)
  )()
  await startOperator(later)
  await untilSent(1)
  expect((await ledger()).map(({ arguments: { text } }) => text)).toEqual([
    expect.stringMatching(/^Agent worker is degraded – not ready since .*replicas ready/),
  ])
})

test('a day whose tokens are used up is told of once, whatever fails by it', async () => {
  await prepare({ notify: notifyWith({ on: ['DailyLimitReached'] }) })
  await startOperator()
  for (const name of ['first', 'second']) {
    await run(name)
    const { task, fence } = (await store.tasks.lease({
      agent: { namespace, name: 'worker' },
      holder: 'test',
      leaseMs: 10_000,
      waitMs: 10_000,
    }))!
    await store.tasks.finish({
      task: task.id,
      fence,
      records: [
        {
          type: 'task.failed',
          step: task.step,
          attempt: task.attempt,
          task: task.id,
          code: 'DailyTokensExhausted',
          message: '200000 of 200000 tokens of the day are used',
          retryable: false,
          usage: {},
        },
      ],
      contents: [],
    })
  }
  await vi.waitFor(async () => expect(await store.journal.unfinished()).toEqual([]))
  await vi.waitFor(async () => expect(await store.ends.pending()).toEqual([]))
  await untilSent(1)
  expect((await ledger()).map(({ arguments: { text } }) => text)).toEqual([
    'worker has used its tokens of the day – 200000 of 200000 tokens of the day are used',
  ])
})

test('X4 Secrets are read in the namespace of the SwarmNotify and in no other', async () => {
  await prepare({
    notify: notifyWith({
      channels: [{ type: 'slack', slack: { webhookURLFrom: { name: 'theirs', key: 'url' } } }],
    }),
  })
  await resources.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'theirs', namespace: 'other' },
    data: { url: Buffer.from(`${slack.url}/services/T0/B0/theirs`).toString('base64') },
  } as never)
  await startOperator()
  await run('incident-001')
  await answer('done')
  await vi.waitFor(async () =>
    expect(await statusOf()).toMatchObject({
      waitingCount: 1,
      lastDispatches: [
        { succeeded: false, error: expect.stringContaining('there is no Secret "theirs"') as string },
      ],
      conditions: [{ type: 'Ready', status: 'False', reason: 'InvalidChannelConfig' }],
    }),
  )
  expect(await ledger()).toEqual([])
})

test('X8 an address inside the network is refused, and the message is kept', async () => {
  await prepare({
    notify: notifyWith({
      channels: [{ type: 'webhook', webhook: { url: 'http://169.254.169.254/latest/meta-data' } }],
    }),
  })
  await startOperator()
  await run('incident-001')
  await answer('done')
  await vi.waitFor(async () =>
    expect(await statusOf()).toMatchObject({
      deadCount: 1,
      lastDispatches: [{ error: expect.stringContaining('169.254.169.254') as string }],
    }),
  )
})

test('a person can try the channels, each wish once', async () => {
  await prepare()
  await startOperator()
  const wish = (value: string) =>
    resources.patch(swarmNotifies, meta('on-call'), {
      metadata: { annotations: { 'kubeswarm/test-trigger': value } },
    })
  await wish('TeamFailed/1')
  await untilSent(1)
  await wish('anything')
  await untilSent(2)
  expect((await ledger()).map(({ arguments: { text } }) => text)).toEqual([
    expect.stringMatching(/^incident-responder failed – payments-api: This is a test/),
    'Test of on-call – This is a test. Nothing has happened; this channel works.',
  ])
})

test('what was given up is sent again at once when a person asks in the second of the latest try', async () => {
  await prepare()
  await startOperator()
  const wish = (annotations: object) =>
    resources.patch(swarmNotifies, meta('on-call'), { metadata: { annotations } })
  await fetch(`${slack.controlUrl}/__fault`, {
    method: 'POST',
    body: JSON.stringify({ tool: 'chat.postMessage', mode: 'error', message: 'invalid_auth', times: 1 }),
  })
  await wish({ 'kubeswarm/test-trigger': 'Test/1' })
  await vi.waitFor(async () => expect(await statusOf()).toMatchObject({ deadCount: 1 }), { timeout: 15_000 })
  const lastTry = (await statusOf())?.lastDispatches?.[0]?.lastFiredAt ?? ''
  await wish({ 'kubeswarm.io/resend': lastTry.replace('Z', '.001Z') })
  await untilSent(1)
  expect(await statusOf()).toMatchObject({ deadCount: 0 })
})

test('the end of a team’s run starts the team that follows it, once, with its output', async () => {
  await prepare({ team: teamNamed('incident-responder') })
  await resources.create(swarmTeams, teamNamed('reporter'))
  await resources.create(swarmEvents, {
    apiVersion,
    kind: 'SwarmEvent',
    metadata: meta('report'),
    spec: {
      source: { type: 'team-output', teamOutput: { name: 'incident-responder' } },
      targets: [{ team: 'reporter', input: { alert: '{{ .output }} of {{ .trigger.run.name }}' } }],
    },
  } as never)
  const close = await startOperator()
  await run('incident-001')
  await answer('root cause found')
  const follower = () =>
    vi.waitFor(async () => {
      const { items } = await resources.list<SwarmRun>(swarmRuns, { namespace })
      const found = items.filter(({ spec }) => spec.teamRef === 'reporter')
      expect(found).toHaveLength(1)
      return found[0]!
    })
  const started = await follower()
  expect(started.spec.input).toEqual({ alert: 'root cause found of incident-001' })
  expect(started.metadata.annotations).toMatchObject({ 'kubeswarm.io/chain': '1' })
  expect(await answer('reported')).toContain('root cause found of incident-001')
  // Told again, as after a crash: it is there already.
  const { uid = '' } = (await resources.get(swarmRuns, meta('incident-001')))?.metadata ?? {}
  await close()
  await store.ends.add({
    run: { namespace, name: 'incident-001', uid },
    seq: 99,
    phase: 'Succeeded',
    reason: 'Succeeded',
    message: '',
    endedAt: new Date().toISOString(),
    team: 'incident-responder',
  })
  await startOperator()
  await vi.waitFor(async () => expect(await store.ends.pending()).toEqual([]))
  await vi.waitFor(async () => expect(await store.inbox.pending()).toEqual([]))
  await follower()
})

test('F86 teams that start each other in a circle come to an end', async () => {
  await prepare({ team: teamNamed('incident-responder') })
  await resources.create(swarmEvents, {
    apiVersion,
    kind: 'SwarmEvent',
    metadata: meta('again'),
    spec: {
      source: { type: 'team-output', teamOutput: { name: 'incident-responder' } },
      targets: [{ team: 'incident-responder', input: { alert: 'again' } }],
    },
  } as never)
  await startOperator()
  await run('incident-001')
  for (let runs = 0; runs <= 10; runs += 1) await answer(`${runs}`)
  await vi.waitFor(async () => {
    const events = resources.writes.filter((write) => write.startsWith('create events/again.'))
    expect(events.length).toBeGreaterThan(0)
    expect(await store.ends.pending()).toEqual([])
  })
  const { items } = await resources.list<SwarmRun>(swarmRuns, { namespace })
  // The team keeps ten succeeded runs; eleven have run.
  expect(items.map(({ metadata }) => Number(metadata.annotations?.['kubeswarm.io/chain'] ?? 0))).toContain(10)
  expect(await store.tasks.depth({ namespace, name: 'worker' })).toMatchObject({ queued: 0 })
})
