import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { storeText } from '../domain/journal/stored-text.ts'
import { paths, type LeaseReply, type ReserveReply, type StandingReply } from '../hub/wire.ts'
import {
  agentKey,
  completed,
  finished,
  intended,
  policyOf,
  requested,
  responded,
  runKey,
  submitted,
  taskOf,
} from '../ports/store.fixtures.ts'
import { createTestHub, investigator, notifier, reader, type TestHub } from './hub.fixtures.ts'

describe('the agents’ paths', () => {
  let hub: TestHub
  beforeEach(async () => {
    hub = createTestHub()
    await hub.store.policies.put(policyOf())
    await hub.store.policies.put(policyOf({ agent: agentKey('incident-notifier') }))
  })
  afterEach(() => hub.store.close())

  const submit = (task = taskOf()) => hub.store.tasks.submit({ task, records: [submitted(task)] })
  const lease = (token = investigator, waitMs = 0) =>
    hub.post(paths.lease, { token, body: { holder: 'pod-1', waitMs } })
  const leased = async (token = investigator): Promise<LeaseReply> => {
    const response = await lease(token)
    expect(response.status).toBe(200)
    return (await response.json()) as LeaseReply
  }
  const proofOf = ({ task, fence }: LeaseReply) => ({ task: task.id, fence })
  const settled = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const codeOf = async (response: Response) =>
    ((await response.json()) as { error: { code: string } }).error.code

  test('a lease carries task, fence, policy and an empty history', async () => {
    await submit()
    expect(await leased()).toEqual({
      task: taskOf(),
      fence: 1,
      expiresAt: '2026-04-01T02:52:10.000Z',
      policy: policyOf(),
      history: [],
    })
  })

  test('W12 X6 an agent is never given another agent’s task', async () => {
    await submit()
    expect((await lease(notifier)).status).toBe(204)
    expect((await lease(investigator)).status).toBe(200)
  })

  test.each([
    { reason: 'no token', token: undefined, status: 401 },
    { reason: 'a token nobody knows', token: 'forged', status: 401 },
    { reason: 'a person', token: reader, status: 401 },
    {
      reason: 'a ServiceAccount that is no agent’s',
      token: 'user:system:serviceaccount:default:builder',
      status: 401,
    },
  ])('X6 the tasks are closed to $reason', async ({ token, status }) => {
    await submit()
    for (const path of [
      paths.lease,
      paths.heartbeat,
      paths.record,
      paths.reserve,
      paths.finish,
      paths.release,
    ]) {
      const response = await hub.post(path, { ...(token === undefined ? {} : { token }), body: {} })
      expect(response.status).toBe(status)
    }
  })

  test('an agent without a policy waits for it, and is told when it does not come', async () => {
    await hub.store.policies.remove(agentKey())
    await submit()
    const waiting = lease(investigator, 20_000)
    await settled()
    await hub.store.policies.put(policyOf())
    expect((await waiting).status).toBe(200)

    await hub.store.policies.remove(agentKey())
    const late = lease(investigator, 20_000)
    await settled()
    hub.clock.advance(20_000)
    const response = await late
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
    expect(await codeOf(response)).toBe('HubUnavailable')
  })

  test('F12 a long poll ends at once when the hub shuts down', async () => {
    const waiting = lease(investigator, 50_000)
    await settled()
    hub.closing.abort()
    expect((await waiting).status).toBe(204)
    expect((await hub.get(paths.readyz)).status).toBe(503)
    expect((await hub.get(paths.healthz)).status).toBe(200)
  })

  test('F07 32 parallel leases get 32 tasks', async () => {
    await Promise.all(
      Array.from({ length: 32 }, (_, index) => submit(taskOf({ run: runKey(`run-${index}`) }))),
    )
    const replies = await Promise.all(Array.from({ length: 32 }, () => leased()))
    expect(new Set(replies.map(({ task }) => task.id)).size).toBe(32)
    expect((await lease()).status).toBe(204)
  })

  test('a task runs from lease to end, and its journal tells the story', async () => {
    await submit()
    const reply = await leased()
    const token = investigator
    const { task } = reply
    const proof = proofOf(reply)

    const reserved = await hub.post(paths.reserve, { token, body: { ...proof, record: requested(task) } })
    expect(((await reserved.json()) as ReserveReply).reservation).toEqual({ type: 'reserved' })

    const recorded = await hub.post(paths.record, { token, body: { ...proof, records: [responded(task)] } })
    expect(((await recorded.json()) as StandingReply).policy.revision).toBe('r1')
    expect(await hub.store.spend.spentToday(agentKey())).toEqual({ agent: 100, namespace: 100 })

    const finish = { token, body: { ...proof, records: [completed(task, 'report')], contents: ['report'] } }
    expect((await hub.post(paths.finish, finish)).status).toBe(204)
    // The answer may be lost on its way: the same call again changes nothing.
    expect((await hub.post(paths.finish, finish)).status).toBe(204)
    const records = await hub.store.journal.read({ run: runKey().uid })
    expect(records.map(({ type }) => type)).toEqual([
      'step.submitted',
      'task.leased',
      'llm.requested',
      'llm.responded',
      'task.completed',
    ])
  })

  test('F01 the next owner gets what the one before it left', async () => {
    await submit()
    const first = await leased()
    await hub.post(paths.record, {
      token: investigator,
      body: { ...proofOf(first), records: [responded(first.task), intended(first.task)] },
    })
    hub.clock.advance(10_000)
    const second = await leased()
    expect(second.fence).toBe(2)
    expect(second.history.map(({ type }) => type)).toEqual(['llm.responded', 'tool.intended'])
  })

  test('F05 a stale owner gets 409 and writes nothing', async () => {
    await submit()
    const zombie = await leased()
    hub.clock.advance(10_000)
    await leased()
    const before = await hub.store.journal.read({ run: runKey().uid })
    for (const [path, extra] of [
      [paths.heartbeat, {}],
      [paths.record, { records: [intended(zombie.task)] }],
      [paths.reserve, { record: requested(zombie.task) }],
      [paths.finish, { records: [completed(zombie.task)] }],
      [paths.release, {}],
    ] as const) {
      const response = await hub.post(path, { token: investigator, body: { ...proofOf(zombie), ...extra } })
      expect(response.status).toBe(409)
      expect(await codeOf(response)).toBe('StaleLease')
    }
    expect(await hub.store.journal.read({ run: runKey().uid })).toEqual(before)
  })

  test('X6 an agent that knows another’s task and fence is refused everywhere', async () => {
    await submit()
    const reply = await leased()
    for (const [path, extra] of [
      [paths.heartbeat, {}],
      [paths.record, { records: [intended(reply.task)] }],
      [paths.reserve, { record: requested(reply.task) }],
      [paths.finish, { records: [completed(reply.task)] }],
      [paths.release, {}],
    ] as const) {
      const response = await hub.post(path, { token: notifier, body: { ...proofOf(reply), ...extra } })
      expect(response.status).toBe(403)
    }
    expect((await hub.store.tasks.find(reply.task.id))?.state).toBe('leased')
  })

  test.each([
    { reason: 'another step', record: intended(taskOf({ step: 'notifier' })), status: 403 },
    { reason: 'another attempt', record: intended(taskOf({ attempt: 2 })), status: 403 },
    { reason: 'the end of the run', record: finished(), status: 400 },
    { reason: 'a step of the run', record: submitted(taskOf()), status: 400 },
    { reason: 'a model call without its reservation', record: requested(taskOf()), status: 400 },
    { reason: 'its end, without ending', record: completed(taskOf()), status: 400 },
  ])('an owner cannot tell of $reason', async ({ record, status }) => {
    await submit()
    const reply = await leased()
    const before = await hub.store.journal.read({ run: runKey().uid })
    const response = await hub.post(paths.record, {
      token: investigator,
      body: { ...proofOf(reply), records: [record] },
    })
    expect(response.status).toBe(status)
    expect(await hub.store.journal.read({ run: runKey().uid })).toEqual(before)
  })

  test('what an owner tells beside the known fields is dropped, what a tool was given is not', async () => {
    await submit()
    const reply = await leased()
    const given = { channel: '#incidents', deep: { anything: [1, null] } }
    const record = { ...intended(reply.task), arguments: given, hash: 'forged', color: 'red' }
    await hub.post(paths.record, { token: investigator, body: { ...proofOf(reply), records: [record] } })
    const kept = (await hub.store.journal.read({ run: runKey().uid })).at(-1)
    expect(kept).toMatchObject({ type: 'tool.intended', arguments: given })
    expect(kept).not.toHaveProperty('color')
    expect(kept?.hash).not.toBe('forged')
  })

  test('F68 each reply carries the newest policy, and an agent that lost its policy may do nothing', async () => {
    await submit()
    const reply = await leased()
    const heartbeat = async () =>
      (await (
        await hub.post(paths.heartbeat, { token: investigator, body: proofOf(reply) })
      ).json()) as StandingReply
    await hub.store.policies.put(policyOf({ revision: 'r2' }))
    expect((await heartbeat()).policy.revision).toBe('r2')
    await hub.store.policies.remove(agentKey())
    const { policy } = await heartbeat()
    expect(policy).toMatchObject({ tools: { servers: [], allow: [[]] }, models: { allow: [[]] } })
    const body = { ...proofOf(reply), record: requested(reply.task) }
    expect((await hub.post(paths.reserve, { token: investigator, body })).status).toBe(503)
  })

  test('B1 the day’s ceilings come from the policy', async () => {
    await hub.store.policies.put(policyOf({ revision: 'r2', namespaceDailyTokens: 499 }))
    await submit()
    const reply = await leased()
    const body = { ...proofOf(reply), record: requested(reply.task) }
    const response = await hub.post(paths.reserve, { token: investigator, body })
    expect(((await response.json()) as ReserveReply).reservation).toMatchObject({
      type: 'exhausted',
      scope: 'namespace',
      limit: 499,
    })
  })

  test('W4 an owner hears of a cancellation in its next reply', async () => {
    await submit()
    const reply = await leased()
    await hub.store.tasks.cancel({ run: runKey(), reason: 'RunTimeout' })
    const response = await hub.post(paths.heartbeat, { token: investigator, body: proofOf(reply) })
    expect(await response.json()).toMatchObject({ cancelled: { reason: 'RunTimeout' } })
  })

  test('W4 a heartbeat that waits is answered when its task is cancelled, and otherwise when its time is up', async () => {
    await submit()
    const reply = await leased()
    const beat = () =>
      hub.post(paths.heartbeat, { token: investigator, body: { ...proofOf(reply), waitMs: 500 } })
    const uneventful = beat()
    await settled()
    hub.clock.advance(500)
    expect(((await (await uneventful).json()) as StandingReply).cancelled).toBeUndefined()

    // The clock stands still: nothing but the cancellation can end this one.
    const waiting = beat()
    await settled()
    await hub.store.tasks.cancel({ run: runKey(), reason: 'the run was cancelled' })
    expect(await (await waiting).json()).toMatchObject({ cancelled: { reason: 'the run was cancelled' } })
    expect((await (await beat()).json()) as StandingReply).toHaveProperty('cancelled')
  })

  test('a heartbeat that waits is answered when the hub closes', async () => {
    await submit()
    const reply = await leased()
    const waiting = hub.post(paths.heartbeat, {
      token: investigator,
      body: { ...proofOf(reply), waitMs: 500 },
    })
    await settled()
    hub.closing.abort()
    expect((await waiting).status).toBe(200)
  })

  test('who may read an agent hears how many tasks wait for it, and since when', async () => {
    const path = (namespace: string): string =>
      paths.queue.replace(':namespace', namespace).replace(':name', 'incident-investigator')
    await submit()
    hub.clock.advance(1500)
    const reply = await hub.get(path('incident-response'), { token: reader })
    expect(await reply.json()).toEqual({ queued: 1, leased: 0, oldestAgeMs: 1500 })
    expect((await hub.get(path('somewhere-else'), { token: reader })).status).toBe(403)
    expect((await hub.get(path('incident-response'), { token: investigator })).status).toBe(401)
  })

  test('W10 a released task goes to the next owner at once', async () => {
    await submit()
    const reply = await leased()
    expect((await hub.post(paths.release, { token: investigator, body: proofOf(reply) })).status).toBe(204)
    expect((await leased()).fence).toBe(2)
  })

  test('contents are for agents with a task in the run that wrote them', async () => {
    await submit()
    const reply = await leased()
    const text = 'x'.repeat(20_000)
    await hub.post(paths.record, {
      token: investigator,
      body: { ...proofOf(reply), records: [responded(reply.task, { text })], contents: [text] },
    })
    const path = paths.content.replace(':sha256', storeText(text).sha256)
    expect(await (await hub.get(path, { token: investigator })).text()).toBe(text)
    expect((await hub.get(path, { token: notifier })).status).toBe(404)
    expect((await hub.get(path)).status).toBe(401)
    expect((await hub.get(path, { token: reader })).status).toBe(401)
  })

  test.each([
    { reason: 'not JSON', body: '{', status: 400 },
    { reason: 'another shape', body: { holder: 7 }, status: 400 },
    { reason: 'larger than 16 MiB', body: `"${'x'.repeat(16 * 1024 * 1024)}"`, status: 413 },
  ])('a body that is $reason is refused', async ({ body, status }) => {
    expect((await hub.post(paths.lease, { token: investigator, body })).status).toBe(status)
  })

  test('an unknown path is 404 in the same shape as every error, with a request id', async () => {
    const response = await hub.get('/nowhere')
    expect(response.status).toBe(404)
    expect(await codeOf(response)).toBe('NotFound')
    expect(response.headers.get('x-request-id')).toBe('id-1')
  })

  test('metrics show the queue', async () => {
    await submit()
    const text = await (await hub.get('/metrics')).text()
    expect(text).toContain(
      'kubeswarm_queue_depth{namespace="incident-response",agent="incident-investigator",state="queued"} 1',
    )
  })
})
