import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DeliveriesReply, SyncReply } from '../hub/wire.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import type { RecordBody } from '../domain/journal/record.ts'
import type { RunEnding, WebhookEvent } from '../ports/event-catalog.ts'
import { createTestHub, reader, type TestHub } from './hub.fixtures.ts'

const token = 'a'.repeat(64)
const event: WebhookEvent = {
  namespace: 'incident-response',
  event: 'pagerduty',
  uid: 'event-uid',
  webhook: {},
  secrets: [token],
  suspended: false,
  targets: [{ team: 'incident-responder', input: { alert: '{{ .trigger.body.alert }}' } }],
}

describe('a sender that waits for its run', () => {
  let hub: TestHub
  let endings: PromiseWithResolvers<RunEnding | undefined>
  beforeEach(() => {
    endings = Promise.withResolvers<RunEnding | undefined>()
    hub = createTestHub({
      events: {
        'incident-response/pagerduty': event,
        'incident-response/two': {
          ...event,
          event: 'two',
          uid: 'two',
          targets: [...event.targets, ...event.targets],
        },
      },
      ended: () => endings.promise,
    })
  })
  afterEach(() => hub.store.close())

  const fire = (query: string, name = 'pagerduty') =>
    hub.post(`/triggers/incident-response/${name}/fire${query}`, { token, body: { alert: 'P1' } })
  /** The promised run, once it is promised. */
  const promised = async (): Promise<string> => {
    for (;;) {
      const [owed] = await hub.store.inbox.pending()
      if (owed !== undefined) return owed.run
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  const append = (name: string, ...records: readonly RecordBody[]) =>
    hub.store.journal.append({ run: { namespace: 'incident-response', name, uid: `uid-${name}` }, records })

  const position = { step: 'notifier', attempt: 1 }
  const started: RecordBody = {
    type: 'run.started',
    snapshot: {
      kind: 'team',
      namespace: 'incident-response',
      source: 'incident-responder',
      steps: [
        {
          name: 'notifier',
          role: 'notifier',
          agent: 'n',
          inputs: [],
          dependsOn: [],
          mustCall: [],
          maxOutputBytes: 1,
        },
      ],
      input: {},
    },
    snapshotHash: 'h',
  }
  const work: readonly RecordBody[] = [
    { ...position, type: 'step.submitted', task: 't', agent: 'n' },
    { ...position, type: 'task.leased', task: 't', fence: 1, holder: 'pod' },
    {
      ...position,
      type: 'llm.responded',
      turn: 1,
      model: 'm',
      text: storeText('the database failed over'),
      toolCalls: [],
      usage: { inputTokens: 100, outputTokens: 20 },
      finishReason: 'stop',
      durationMs: 5,
    },
    {
      ...position,
      type: 'task.completed',
      task: 't',
      output: storeText('told'),
      usage: { inputTokens: 100, outputTokens: 20 },
      turns: 1,
      toolCalls: 0,
    },
  ]
  const finished: RecordBody = {
    type: 'run.finished',
    phase: 'Succeeded',
    reason: 'Succeeded',
    message: 'all steps succeeded',
    output: storeText('told'),
  }

  test('mode=sync answers with the output when the run has ended', async () => {
    const answer = fire('?mode=sync')
    const run = await promised()
    await append(run, started, ...work)
    await append(run, finished)
    const response = await answer
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      status: 'succeeded',
      run,
      output: 'told',
      durationMs: 0,
      tokenUsage: { inputTokens: 100, outputTokens: 20 },
    } satisfies SyncReply)
  })

  test('mode=sync answers 500 for a run that failed, also for one that never began', async () => {
    const answer = fire('?mode=sync')
    await promised()
    endings.resolve({ phase: 'Failed', reason: 'TeamNotFound', message: 'there is no SwarmTeam' })
    const response = await answer
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ status: 'failed', error: 'there is no SwarmTeam' })
  })

  test('mode=sync answers 500 for a promise that is taken back', async () => {
    const answer = fire('?mode=sync')
    const run = await promised()
    const [owed] = await hub.store.inbox.pending()
    if (owed === undefined) throw new Error('nothing is owed')
    await hub.store.inbox.settle({
      ...owed.entry,
      run,
      refused: { reason: 'Forbidden', message: 'run x has not ended' },
    })
    expect(await (await answer).json()).toMatchObject({ status: 'failed', error: 'run x has not ended' })
  })

  test('mode=sync answers 504 when the time is up, and the run goes on', async () => {
    const answer = fire('?mode=sync&timeout=2s')
    const run = await promised()
    await append(run, started)
    hub.clock.advance(2000)
    const response = await answer
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ status: 'timeout', run })
  })

  test('W20 mode=sse tells each step and turn as it happens, and the end at once', async () => {
    const response = await fire('?mode=sse')
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ])
    const told = events(response)
    const next = async () => (await told.next()).value as { event: string; data: Record<string, unknown> }
    const run = await promised()
    expect(await next()).toMatchObject({ event: 'run.accepted', data: { run } })
    await append(run, started, ...work)
    expect(await next()).toEqual({ event: 'step.started', data: { step: 'notifier', attempt: 1 } })
    expect(await next()).toEqual({
      event: 'token',
      data: { step: 'notifier', text: 'the database failed over' },
    })
    expect(await next()).toEqual({ event: 'step.completed', data: { step: 'notifier', output: 'told' } })
    // No timer is moved: the end comes by itself and closes the stream.
    await append(run, finished)
    expect(await next()).toMatchObject({
      event: 'flow.completed',
      data: { status: 'succeeded', output: 'told' },
    })
    expect((await told.next()).done).toBe(true)
  })

  test('mode=sse of a run that fails ends with flow.failed', async () => {
    const told = events(await fire('?mode=sse'))
    const run = await promised()
    await append(run, started, {
      ...finished,
      phase: 'Failed',
      message: 'step notifier failed',
    } as RecordBody)
    const all = await collected(told)
    expect(all.at(-1)).toMatchObject({ event: 'flow.failed', data: { error: 'step notifier failed' } })
  })

  test('a mode that waits is refused where there is no one run to wait for, before anything starts', async () => {
    for (const mode of ['sync', 'sse']) expect((await fire(`?mode=${mode}`, 'two')).status).toBe(400)
    for (const query of ['?mode=fast', '?mode=sync&timeout=soon', '?mode=sync&timeout=9h'])
      expect((await fire(query)).status).toBe(400)
    expect(await hub.store.inbox.pending()).toEqual([])
  })

  test('a delivery that starts nothing is answered at once in every mode', async () => {
    const filtered = createTestHub({
      events: { 'ns/e': { ...event, namespace: 'ns', event: 'e', webhook: { filter: 'no' } } },
    })
    const send = (mode: string) => filtered.post(`/triggers/ns/e/fire?mode=${mode}`, { token, body: {} })
    expect(await (await send('sync')).json()).toMatchObject({ status: 'dropped', run: '' })
    expect(await collected(events(await send('sse')))).toMatchObject([
      { event: 'run.accepted', data: { dropped: { reason: 'Filtered' } } },
      { event: 'flow.completed', data: { status: 'dropped' } },
    ])
    await filtered.store.close()
  })

  test('who may read the event sees its deliveries, with the body of what was not understood', async () => {
    await hub.post('/triggers/incident-response/pagerduty/fire', { token, body: '{"title":"x"}' })
    await fire('')
    const path = '/v1/namespaces/incident-response/events/pagerduty/deliveries'
    const { deliveries } = (await (await hub.get(path, { token: reader })).json()) as DeliveriesReply
    expect(deliveries).toHaveLength(2)
    expect(deliveries.find(({ dropped }) => dropped !== undefined)).toMatchObject({
      runs: [],
      dropped: { reason: 'Quarantined', body: '{"title":"x"}' },
    })
    expect((await hub.get(path, { token: 'user:other' })).status).toBe(403)
    expect((await hub.get(path)).status).toBe(401)
    expect((await hub.get(`${path}?limit=0`, { token: reader })).status).toBe(400)
  })
})

async function* events(
  response: Response,
): AsyncGenerator<{ readonly event: string; readonly data: unknown }> {
  let rest = ''
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
      if (event !== '') yield { event, data: JSON.parse(data) as unknown }
    }
  }
}

const collected = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
