import { describe, expect, test } from 'vitest'
import { KubeswarmError } from '../domain/error.ts'
import { inMemoryTaskSource } from './testing/in-memory-task-source.ts'
import {
  calls,
  policyOf,
  says,
  scriptedModel,
  stage,
  stagedServer,
  taskOf,
  type StagedServer,
} from './testing/stage.ts'

const script = () =>
  scriptedModel(({ messages }) => {
    const done = messages.filter(({ role }) => role === 'tool').length
    if (done === 0) return calls(['grafana__query_logs', { query: 'error' }])
    if (done === 1) return calls(['slack__post_message', { text: 'found it' }])
    return says('done')
  })

const servers = (): readonly [StagedServer, StagedServer] => [
  stagedServer({ name: 'grafana', tools: ['query_logs'] }),
  stagedServer({ name: 'slack', tools: ['post_message'] }),
]

/**
 * Runs the task, lets its first owner die right before (or right after) its `death`-th journal write, and lets a
 * second owner end it. The tools live on between the two, as the outside world does.
 */
const dieAndResume = async ({ death, after }: { readonly death: number; readonly after: boolean }) => {
  const source = inMemoryTaskSource()
  const world = servers()
  const policy = policyOf({
    servers: ['grafana', 'slack'],
    effects: [{ pattern: 'grafana/*', effect: 'read-only' }],
  })
  const task = taskOf()
  const record = source.record.bind(source)
  const finish = source.finish.bind(source)
  const reserve = source.reserve.bind(source)
  let writes = 0
  let died = false
  const dying =
    <Request, Answer>(write: (request: Request) => Promise<Answer>) =>
    async (request: Request): Promise<Answer> => {
      const dead = new KubeswarmError({ code: 'StaleLease', message: 'dead' })
      if (died) throw dead
      writes++
      if (writes === death && !after) {
        died = true
        throw dead
      }
      const answer = await write(request)
      if (writes === death) {
        died = true
        throw dead
      }
      return answer
    }
  const mortal = { ...source, record: dying(record), finish: dying(finish), reserve: dying(reserve) }
  const first = stage({ source: mortal, servers: world, script: script(), holder: 'pod-1' })
  source.submit(task, policy)
  while (!died && source.stateOf(task.id) !== 'ended') await new Promise((resolve) => setTimeout(resolve, 1))
  await first.worker.drain(60_000)
  source.takeAway(task.id)
  const second = stage({ source, servers: world, script: script(), holder: 'pod-2' })
  const end = await source.ended(task.id)
  await second.worker.drain(0)
  return { end, world, records: source.journal('uid-1'), died }
}

const unknown = 'OutcomeUnknown, retryable: false'

// A turn is two writes: the request, with the last result; the announcement of a call, or the end, with the answer.
const deaths = Array.from({ length: 6 }, (_, index) => index + 1).flatMap((death) =>
  [false, true].map((after) => ({ death, after })),
)

test.each(deaths)(
  'F01 F02 D5 an owner that dies at write $death (after it: $after) leaves no call repeated and none forgotten',
  async ({ death, after }) => {
    const { end, world, records, died } = await dieAndResume({ death, after })
    const [, slack] = world
    expect(died).toBe(true)
    // D5: a write happens at most once, whatever died when.
    expect(slack.ledger.length).toBeLessThanOrEqual(1)
    // D6: every announced call has exactly one fate.
    for (const intended of records.filter(({ type }) => type === 'tool.intended')) {
      const fates = records.filter(
        (record) =>
          'call' in record &&
          'call' in intended &&
          record.turn === intended.turn &&
          record.call === intended.call &&
          (record.type === 'tool.returned' || record.type === 'tool.outcome-unknown'),
      )
      expect(fates).toHaveLength(1)
    }
    const said = end.type === 'task.failed' ? `${end.code}, retryable: ${end.retryable}` : end.type
    const truths = slack.ledger.length === 1 ? ['task.completed', unknown] : [unknown]
    expect(truths).toContain(said)
  },
)

test('P7 F02 F40 an interrupted write is told as unknown although no tool server answers the next owner', async () => {
  const source = inMemoryTaskSource()
  const task = taskOf()
  const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
  const first = stage({
    source,
    servers: [
      stagedServer({ name: 'slack', tools: ['post_message'], answer: () => new Promise(() => undefined) }),
    ],
    script: [calls(['slack__post_message', {}])],
  })
  source.submit(task, policyOf({ servers: ['slack'] }))
  while (!source.journal('uid-1').some(({ type }) => type === 'tool.intended'))
    await new Promise((resolve) => setTimeout(resolve, 1))
  source.takeAway(task.id)
  const down = new KubeswarmError({ code: 'ToolServerUnavailable', message: 'down', retryable: true })
  const second = stage({
    source,
    servers: [{ ...slack, listTools: () => Promise.reject(down) }],
    script: [says('never')],
    holder: 'pod-2',
  })
  const end = await source.ended(task.id)
  expect(end).toMatchObject({ type: 'task.failed', code: 'OutcomeUnknown', retryable: false })
  expect(second.records('tool.outcome-unknown')).toHaveLength(1)
  await second.worker.drain(0)
  first.worker.drain(0).catch(() => undefined)
})

test('F02 a read that was interrupted is made again with the key of the first time', async () => {
  const keys = new Set<string>()
  for (const { death, after } of deaths) {
    const { world } = await dieAndResume({ death, after })
    for (const { idempotencyKey } of world[0].ledger) keys.add(idempotencyKey)
  }
  expect(keys.size).toBe(1)
})

test('a long answer and a long result come back whole from the store', async () => {
  const source = inMemoryTaskSource()
  const long = `head ${'x'.repeat(20_000)} tail`
  const grafana = stagedServer({ name: 'grafana', tools: ['query_logs'], answer: () => long })
  const policy = policyOf({ limits: { tokensPerCall: 100_000 } })
  const task = taskOf()
  const first = stage({
    source,
    servers: [grafana],
    script: ({ signal, messages }) =>
      messages.some(({ role }) => role === 'tool')
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        : { ...calls(['grafana__query_logs', {}]), text: long },
  })
  source.submit(task, policy)
  while (first.model.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  await first.worker.drain(0)
  const second = stage({ source, servers: [grafana], script: [says('done')] })
  await source.ended(task.id)
  await second.worker.drain(0)
  expect(second.model.requests[0]?.messages).toEqual(first.model.requests[1]?.messages)
})

describe('after a person’s word about an unknown outcome', () => {
  const call = { step: 'investigator', attempt: 1, turn: 2, call: 0, server: 'slack', tool: 'post_message' }
  const goOn = async (outcome: 'done' | 'not-done') => {
    const source = inMemoryTaskSource()
    let broken = true
    const grafana = stagedServer({ name: 'grafana', tools: ['query_logs'] })
    const slack = stagedServer({
      name: 'slack',
      tools: ['post_message'],
      answer: () => {
        if (broken) throw new KubeswarmError({ code: 'ToolServerUnavailable', message: 'connection cut' })
        return 'posted'
      },
    })
    const policy = policyOf({
      servers: ['grafana', 'slack'],
      effects: [{ pattern: 'grafana/*', effect: 'read-only' }],
    })
    const task = taskOf({ mustCall: ['slack/post_message'] })
    const first = stage({ source, servers: [grafana, slack], script: script() })
    source.submit(task, policy)
    const failed = await source.ended(task.id)
    await first.worker.drain(0)
    broken = false
    const next = taskOf({ ...task, id: 'uid-1/investigator/2', attempt: 2, continues: 1 })
    source.tell(
      task.id,
      { type: 'tool.resolved', ...call, outcome, by: 'alice' },
      { type: 'step.submitted', step: task.step, attempt: 2, task: next.id, agent: 'agent', continues: 1 },
    )
    const model = script()
    const second = stage({ source, servers: [grafana, slack], script: model })
    source.submit(next, policy)
    const end = await source.ended(next.id)
    await second.worker.drain(0)
    return { failed, end, grafana, slack, model, records: source.journal('uid-1') }
  }

  test('F02 done: nothing is repeated, and the model is told that the call took effect', async () => {
    const { failed, end, grafana, slack, model } = await goOn('done')
    expect(failed).toMatchObject({
      type: 'task.failed',
      code: 'OutcomeUnknown',
      remedy: expect.stringContaining(
        'swarm resolve incident-001 -n incident-response --step investigator --outcome done',
      ),
    })
    expect(end.type).toBe('task.completed')
    expect([grafana.ledger.length, slack.ledger.length]).toEqual([1, 1])
    expect(model.requests).toHaveLength(1)
    expect(model.requests[0]?.messages.at(-1)).toMatchObject({
      role: 'tool',
      content: expect.stringContaining('confirms that this call took effect'),
    })
  })

  test('F02 not-done: the call is made once more with its key, announced again, and no turn is repeated', async () => {
    const { end, grafana, slack, model, records } = await goOn('not-done')
    expect(end.type).toBe('task.completed')
    expect(grafana.ledger).toHaveLength(1)
    expect(slack.ledger).toHaveLength(2)
    expect(new Set(slack.ledger.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1)
    expect(model.requests).toHaveLength(1)
    const announced = records.filter((record) => record.type === 'tool.intended' && record.server === 'slack')
    expect(announced).toMatchObject([
      { attempt: 1, turn: 2 },
      { attempt: 2, turn: 2 },
    ])
  })
})
