import { expect, test } from 'vitest'
import { KubeswarmError } from '../domain/error.ts'
import type { ModelTurn } from '../ports/language-model.ts'
import { inMemoryTaskSource } from './testing/in-memory-task-source.ts'
import {
  calls,
  perform,
  policyOf,
  says,
  scriptedModel,
  stage,
  stagedServer,
  taskOf,
} from './testing/stage.ts'

/** A promise with its own trigger, for holding a model or a tool in the middle of a call. */
const latch = () => Promise.withResolvers<void>()

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}

const heldModel = () => {
  const { promise, resolve } = latch()
  const model = scriptedModel(async ({ signal }): Promise<ModelTurn> => {
    await Promise.race([
      promise,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    ])
    return says('done')
  })
  return { model, letGo: resolve }
}

test('W11 a worker asks for a task only with a free hand', async () => {
  const source = inMemoryTaskSource()
  const held = heldModel()
  const first = stage({ source, script: held.model, concurrentTasks: 1, holder: 'pod-1' })
  source.submit(taskOf({ step: 'a' }), policyOf())
  source.submit(taskOf({ step: 'b' }), policyOf())
  await until(() => held.model.requests.length === 1)
  expect(source.stateOf('uid-1/b/1')).toBe('available')
  // Another replica has a free hand.
  const second = stage({ source, script: [says('done')], concurrentTasks: 1, holder: 'pod-2' })
  expect(await source.ended('uid-1/b/1')).toMatchObject({ type: 'task.completed', step: 'b' })
  held.letGo()
  await source.ended('uid-1/a/1')
  await Promise.all([first.worker.drain(0), second.worker.drain(0)])
})

test('tasks run side by side up to the number of hands', async () => {
  const source = inMemoryTaskSource()
  const held = heldModel()
  const { worker } = stage({ source, script: held.model, concurrentTasks: 2 })
  for (const step of ['a', 'b', 'c']) source.submit(taskOf({ step }), policyOf())
  await until(() => held.model.requests.length === 2)
  expect(['a', 'b', 'c'].map((step) => source.stateOf(`uid-1/${step}/1`))).toEqual([
    'leased',
    'leased',
    'available',
  ])
  held.letGo()
  await until(() => ['a', 'b', 'c'].every((step) => source.stateOf(`uid-1/${step}/1`) === 'ended'))
  await worker.drain(0)
})

test('a cancelled task stops in the middle of a model call and says so', async () => {
  const source = inMemoryTaskSource()
  const held = heldModel()
  const { worker, records } = stage({ source, script: held.model })
  const task = taskOf()
  source.submit(task, policyOf())
  await until(() => held.model.requests.length === 1)
  source.cancel(task.id, 'run cancelled')
  expect(await source.ended(task.id)).toMatchObject({ type: 'task.cancelled', reason: 'run cancelled' })
  expect(records('llm.failed')).toMatchObject([{ code: 'TaskCancelled' }])
  await worker.drain(0)
})

test('P7 a write in flight when its task is cancelled has an unknown outcome', async () => {
  const source = inMemoryTaskSource()
  const slack = stagedServer({
    name: 'slack',
    tools: ['post_message'],
    answer: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  })
  const { worker, records } = stage({
    source,
    servers: [slack],
    script: [calls(['slack__post_message', {}])],
  })
  const task = taskOf()
  source.submit(task, policyOf({ servers: ['slack'] }))
  await until(() => slack.ledger.length === 1)
  source.cancel(task.id, 'run cancelled')
  await source.ended(task.id)
  expect(records('tool.outcome-unknown')).toHaveLength(1)
  await worker.drain(0)
})

test.each([
  ['cancelled', { type: 'task.cancelled', reason: 'run cancelled' }],
  ['out of time', { type: 'task.failed', code: 'TaskTimeout', retryable: true }],
])('a read in flight when its task is %s is told, and is not the reason of the end', async (how, end) => {
  const source = inMemoryTaskSource()
  const grafana = stagedServer({
    name: 'grafana',
    tools: ['query_logs'],
    answer: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  })
  const { worker, records } = stage({
    source,
    servers: [grafana],
    script: [calls(['grafana__query_logs', {}])],
  })
  const task = taskOf()
  const limits = how === 'cancelled' ? {} : { timeoutSeconds: 3 }
  const effects = [{ pattern: 'grafana/*', effect: 'read-only' }] as const
  source.submit(task, policyOf({ servers: ['grafana'], effects, limits }))
  await until(() => grafana.ledger.length === 1)
  if (how === 'cancelled') source.cancel(task.id, 'run cancelled')
  expect(await source.ended(task.id)).toMatchObject(end)
  expect(records('tool.returned')).toMatchObject([{ isError: true }])
  await worker.drain(0)
})

test('D6 P7 a write announced when its task is cancelled, and not yet made, is told as not made', async () => {
  const source = inMemoryTaskSource()
  const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
  const { worker, records } = stage({
    source,
    servers: [slack],
    script: [calls(['slack__post_message', {}])],
  })
  const task = taskOf()
  source.onWrite = (written) => {
    if (written.some(({ type }) => type === 'tool.intended')) source.cancel(task.id, 'run cancelled')
  }
  source.submit(task, policyOf({ servers: ['slack'] }))
  expect(await source.ended(task.id)).toMatchObject({ type: 'task.cancelled' })
  expect(slack.ledger).toHaveLength(0)
  expect(records('tool.intended', 'tool.returned', 'tool.outcome-unknown')).toMatchObject([
    { type: 'tool.intended' },
    { type: 'tool.returned', isError: true },
  ])
  await worker.drain(0)
})

test('F12 W10 a drained worker lets running tasks end and takes no new ones', async () => {
  const source = inMemoryTaskSource()
  const held = heldModel()
  const { worker } = stage({ source, script: held.model, concurrentTasks: 2 })
  source.submit(taskOf({ step: 'a' }), policyOf())
  await until(() => held.model.requests.length === 1)
  const drained = worker.drain(60_000)
  expect(worker.isTaking()).toBe(false)
  source.submit(taskOf({ step: 'b' }), policyOf())
  held.letGo()
  await drained
  expect(source.stateOf('uid-1/a/1')).toBe('ended')
  expect(source.stateOf('uid-1/b/1')).toBe('available')
})

test('F12 W10 what is not done within the grace is handed back, and the next owner goes on from the journal', async () => {
  const source = inMemoryTaskSource()
  const grafana = stagedServer({ name: 'grafana', tools: ['query_logs'] })
  let turns = 0
  const first = stage({
    source,
    servers: [grafana],
    script: ({ signal }) =>
      ++turns === 1
        ? calls(['grafana__query_logs', { query: 'error' }])
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  })
  const task = taskOf()
  source.submit(task, policyOf())
  await until(() => turns === 2)
  await first.worker.drain(10)
  expect(source.stateOf(task.id)).toBe('available')

  const second = stage({ source, servers: [grafana], script: [says('done')], holder: 'pod-2' })
  expect(await source.ended(task.id)).toMatchObject({ type: 'task.completed', turns: 2, toolCalls: 1 })
  await second.worker.drain(0)
  expect(grafana.ledger).toHaveLength(1)
  expect(second.model.requests[0]?.messages).toMatchObject([
    { role: 'system' },
    { role: 'user' },
    { role: 'assistant', toolCalls: [{ name: 'grafana__query_logs' }] },
    { role: 'tool', content: 'result of query_logs' },
  ])
})

test('F05 an owner that lost its lease makes no further call and writes nothing', async () => {
  const source = inMemoryTaskSource()
  const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
  const held = latch()
  const zombie = stage({
    source,
    servers: [slack],
    script: async () => {
      await held.promise
      return calls(['slack__post_message', { from: 'zombie' }])
    },
  })
  const task = taskOf()
  source.submit(task, policyOf({ servers: ['slack'] }))
  await until(() => zombie.model.requests.length === 1)
  // Paused: it takes no other task either.
  void zombie.worker.drain(60_000)
  source.takeAway(task.id)
  const owner = stage({ source, servers: [slack], script: [says('done')], holder: 'pod-2' })
  await source.ended(task.id)
  const before = source.journal('uid-1').length
  held.resolve()
  await zombie.worker.drain(0)
  await owner.worker.drain(0)
  expect(slack.ledger).toEqual([])
  expect(source.journal('uid-1')).toHaveLength(before)
})

test('F68 a policy tightened in the middle of a task holds for its next call; a loosened one widens nothing', async () => {
  const servers = ['grafana', 'slack']
  const open = policyOf({ servers, revision: 'open' })
  const closed = policyOf({ servers, deny: ['slack/*'], revision: 'closed' })
  for (const [atStart, later] of [
    [open, closed],
    [closed, open],
  ] as const) {
    const source = inMemoryTaskSource()
    const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
    const task = taskOf()
    const { worker, records } = stage({
      source,
      servers: [slack, stagedServer({ name: 'grafana', tools: ['query_logs'] })],
      script: (_, turn) => {
        source.setPolicy(task.id, later)
        // The first call is announced: the answer brings the other policy before the second call is judged.
        const wanted = ['grafana__query_logs', 'slack__post_message'][turn - 1]
        return wanted === undefined ? says('done') : calls([wanted, {}])
      },
    })
    source.submit(task, atStart)
    await source.ended(task.id)
    await worker.drain(0)
    expect(slack.ledger).toEqual([])
    expect(records('tool.denied')).toMatchObject([{ reason: 'ToolDenied' }])
    expect(records('tool.intended')).toMatchObject([{ tool: 'query_logs' }])
  }
})

/** A task whose policy forbids `slack/post_message` from the moment its call is announced. */
const forbiddenAtLast = async ({ effect }: { readonly effect: 'read-only' | 'write' }) => {
  const source = inMemoryTaskSource()
  const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
  const effects = [{ pattern: 'slack/*', effect }]
  const task = taskOf()
  const { worker, records, model } = stage({
    source,
    servers: [slack],
    script: [calls(['slack__post_message', { text: 'hello' }]), says('done')],
  })
  source.onWrite = (written) => {
    if (written.some(({ type }) => type === 'tool.intended'))
      source.setPolicy(
        task.id,
        policyOf({ servers: ['slack'], deny: ['slack/*'], effects, revision: 'closed' }),
      )
  }
  source.submit(task, policyOf({ servers: ['slack'], effects, revision: 'open' }))
  const end = await source.ended(task.id)
  await worker.drain(0)
  return { end, records, model, slack, journal: source.journal('uid-1') }
}

test.each(['read-only', 'write'] as const)(
  'P3 F68 a %s call that a policy forbids while it is announced is not made, and its announcement is closed',
  async (effect) => {
    const { end, records, model, slack } = await forbiddenAtLast({ effect })
    expect(slack.ledger).toEqual([])
    expect(records('tool.intended', 'tool.denied', 'tool.returned')).toMatchObject([
      { type: 'tool.intended', turn: 1, call: 0 },
      { type: 'tool.denied', turn: 1, call: 0, reason: 'ToolDenied', arguments: { text: 'hello' } },
    ])
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', isError: true })
    expect(end).toMatchObject({ type: 'task.completed', toolCalls: 0 })
  },
)

test('P3 F68 a call that failed on the way is not tried again under a policy that forbids it', async () => {
  const source = inMemoryTaskSource()
  const task = taskOf()
  const readable = { servers: ['grafana'], effects: [{ pattern: 'grafana/*', effect: 'read-only' }] } as const
  const beats: (() => void)[] = []
  const grafana = stagedServer({
    name: 'grafana',
    tools: ['query_logs'],
    answer: async () => {
      source.setPolicy(task.id, policyOf({ ...readable, deny: ['grafana/*'], revision: 'closed' }))
      await new Promise<void>((resolve) => beats.push(resolve))
      throw new KubeswarmError({ code: 'ToolServerUnavailable', message: 'socket hang up', retryable: true })
    },
  })
  const beating: typeof source = {
    ...source,
    heartbeat: async (proof) => {
      const standing = await source.heartbeat(proof)
      // After the agent has heard it.
      if (standing.policy.revision === 'closed') setTimeout(() => beats.splice(0).forEach((go) => go()))
      return standing
    },
  }
  const { worker, records } = stage({
    source: beating,
    servers: [grafana],
    script: [calls(['grafana__query_logs', {}]), says('done')],
  })
  source.submit(task, policyOf({ ...readable, revision: 'open' }))
  expect(await source.ended(task.id)).toMatchObject({ type: 'task.completed' })
  await worker.drain(0)
  expect(grafana.ledger).toHaveLength(1)
  expect(records('tool.returned')).toMatchObject([{ isError: true }])
})

test('F40 with a tool server down the task fails before any model call, naming the server', async () => {
  const down = stagedServer({ name: 'grafana', tools: [] })
  const error = new KubeswarmError({
    code: 'ToolServerUnavailable',
    message: 'cannot reach tool server "grafana" at http://mock-grafana.incident-response.svc:8080',
    retryable: true,
  })
  const server = { ...down, listTools: () => Promise.reject(error) }
  const failed = await perform({ servers: [server], script: [says('never')] })
  expect(failed.end).toMatchObject({ type: 'task.failed', code: 'ToolServerUnavailable', retryable: true })
  expect('message' in failed.end && failed.end.message).toContain('grafana')
  expect(failed.model.requests).toEqual([])

  const degraded = await perform({ servers: [{ server, onUnavailable: 'degrade' }], script: [says('done')] })
  expect(degraded.end.type).toBe('task.completed')
})

test('F42 a read that failed on the way is tried again with the same key; a write is reported as unknown', async () => {
  const broken = new KubeswarmError({
    code: 'ToolServerUnavailable',
    message: 'socket hang up',
    retryable: true,
  })
  const flaky = () => {
    let tries = 0
    return stagedServer({
      name: 'grafana',
      tools: ['query_logs'],
      answer: () => {
        if (++tries === 1) throw broken
        return 'ok'
      },
    })
  }
  const read = flaky()
  const readable = policyOf({ effects: [{ pattern: 'grafana/*', effect: 'read-only' }] })
  const script = [calls(['grafana__query_logs', {}]), says('done')]
  expect((await perform({ servers: [read], policy: readable, script })).end.type).toBe('task.completed')
  expect(new Set(read.ledger.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
  expect(read.ledger).toHaveLength(2)

  const write = flaky()
  const { end, records } = await perform({ servers: [write], script })
  expect(end).toMatchObject({ type: 'task.failed', code: 'OutcomeUnknown', retryable: false })
  expect(records('tool.outcome-unknown')).toHaveLength(1)
  expect(write.ledger).toHaveLength(1)
})

test('a write that never left this machine is a failure, not an unknown outcome', async () => {
  const refused = new KubeswarmError({
    code: 'ToolServerUnavailable',
    message: 'connection refused',
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  })
  const slack = stagedServer({
    name: 'slack',
    tools: ['post_message'],
    answer: () => {
      throw refused
    },
  })
  const { end, records } = await perform({
    servers: [slack],
    policy: policyOf({ servers: ['slack'] }),
    script: [calls(['slack__post_message', {}])],
  })
  expect(end).toMatchObject({ type: 'task.failed', code: 'ToolServerUnavailable' })
  expect(records('tool.outcome-unknown')).toEqual([])
})

test('F44 an error result goes to the model, which goes on', async () => {
  const grafana = stagedServer({
    name: 'grafana',
    tools: ['query_logs'],
    answer: () => ({ text: 'no such datasource', isError: true, truncated: false }),
  })
  const { end, model } = await perform({
    servers: [grafana],
    script: [calls(['grafana__query_logs', {}]), says('no data')],
  })
  expect(end.type).toBe('task.completed')
  expect(model.requests[1]?.messages.at(-1)).toMatchObject({ content: 'no such datasource', isError: true })
})

test('F46 F48 the model sees no hidden characters, and no tool that its server lists twice', async () => {
  const grafana = stagedServer({
    name: 'grafana',
    tools: [
      {
        name: 'query_logs',
        description: 'Query\u200b logs\u202e',
        inputSchema: { type: 'object', title: 'a\u2060b' },
      },
      'twice',
      'twice',
    ],
  })
  const { model } = await perform({ servers: [grafana], script: [says('done')] })
  expect(model.requests[0]?.tools).toEqual([
    { name: 'grafana__query_logs', description: 'Query logs', inputSchema: { type: 'object', title: 'ab' } },
  ])
})
