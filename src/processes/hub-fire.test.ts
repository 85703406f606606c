import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FireReply } from '../hub/wire.ts'
import type { WebhookEvent } from '../ports/event-catalog.ts'
import { createTestHub, type TestHub } from './hub.fixtures.ts'

const token = 'a'.repeat(64)
const event: WebhookEvent = {
  namespace: 'incident-response',
  event: 'pagerduty',
  uid: 'event-uid',
  webhook: {},
  secrets: [token],
  suspended: false,
  targets: [
    {
      team: 'incident-responder',
      input: {
        alert: '{{ .trigger.body.alert }}',
        source: '{{ .trigger.name }} at {{ .trigger.firedAt }}',
        also: '{{ .body.alert }}',
      },
    },
  ],
}
const two: WebhookEvent = {
  ...event,
  event: 'two',
  uid: 'two-uid',
  targets: [...event.targets, { agent: 'scribe', prompt: 'Note: {{ .trigger.body.alert }}' }],
}
const signed: WebhookEvent = {
  ...event,
  event: 'signed',
  uid: 'signed-uid',
  webhook: { signature: { scheme: 'github' } },
}

const signatureOf = (body: string, key = token): string =>
  `sha256=${createHmac('sha256', key).update(body).digest('hex')}`

describe('the webhook inbox', () => {
  let hub: TestHub
  beforeEach(() => {
    hub = createTestHub({
      events: {
        'incident-response/pagerduty': event,
        'incident-response/two': two,
        'incident-response/resting': { ...event, suspended: true },
        'incident-response/tokenless': { ...event, secrets: [] },
        'incident-response/signed': signed,
        'incident-response/drafty': { ...signed, suspended: true },
      },
    })
  })
  afterEach(() => hub.store.close())

  const fire = ({
    name = 'pagerduty',
    token: shown = token,
    body = { alert: 'P1' },
    headers = {},
  }: { name?: string; token?: string; body?: unknown; headers?: Record<string, string> } = {}) =>
    hub.post(`/triggers/incident-response/${name}/fire`, { token: shown, body, headers })
  const replyOf = async (response: Response | Promise<Response>) =>
    (await (await response).json()) as FireReply

  test('D1 W1 a delivery is durable with its run and rendered input before it is answered', async () => {
    const response = await fire({ headers: { 'webhook-id': 'msg_1' } })
    expect(response.status).toBe(202)
    const reply = await replyOf(response)
    expect(reply).toEqual({ accepted: true, run: reply.runs[0], runs: [reply.run], duplicate: false })
    expect(reply.run).toMatch(/^pagerduty-[0-9a-f]{15}$/)
    const [owed] = await hub.store.inbox.pending()
    expect(owed?.run).toBe(reply.run)
    expect(owed?.entry.runs[0]?.manifest).toEqual({
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmRun',
      metadata: {
        name: reply.run,
        namespace: 'incident-response',
        labels: { 'kubeswarm.io/event': 'pagerduty', 'kubeswarm.io/team': 'incident-responder' },
      },
      spec: {
        teamRef: 'incident-responder',
        input: { alert: 'P1', source: 'pagerduty at 2026-04-01T02:52:00.000Z', also: 'P1' },
      },
    })
  })

  test.each(['webhook-id', 'x-webhook-id', 'x-github-delivery', 'idempotency-key'])(
    'F81 the same %s 50 times at once, and a day later, is one run',
    async (header) => {
      const headers = { [header]: 'msg_1' }
      const replies = await Promise.all(Array.from({ length: 50 }, () => replyOf(fire({ headers }))))
      hub.clock.advance(24 * 3600 * 1000)
      replies.push(await replyOf(fire({ headers, body: { alert: 'another body' } })))
      expect(new Set(replies.map(({ run }) => run)).size).toBe(1)
      expect(replies.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
      expect(await hub.store.inbox.pending()).toHaveLength(1)
    },
  )

  test('W18 20 deliveries without an id in one moment are 20 runs', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => replyOf(fire())))
    expect(new Set(replies.map(({ run }) => run)).size).toBe(20)
  })

  test('F89 each target gets a run of its own', async () => {
    const reply = await replyOf(fire({ name: 'two', headers: { 'webhook-id': 'msg_1' } }))
    expect(reply.runs).toEqual([`${reply.run.slice(0, -2)}-0`, `${reply.run.slice(0, -2)}-1`])
    const manifests = (await hub.store.inbox.pending())[0]?.entry.runs.map(({ manifest }) => manifest)
    expect(manifests?.[1]).toMatchObject({
      spec: { agent: 'scribe', prompt: expect.stringMatching(/Note: <untrusted-\w+ from="event">\nP1\n/) },
    })
  })

  test('F84 S10 X2 a stranger gets the same answer whatever exists', async () => {
    const shown: string[] = []
    for (const request of [
      { name: 'pagerduty', token: 'wrong' },
      { name: 'unknown', token: token },
      { name: 'unknown', token: '' },
      { name: 'resting', token: token },
      { name: 'tokenless', token: '' },
      { name: 'pagerduty', token: 'wrong', body: '{' },
      { name: 'signed', headers: { 'x-hub-signature-256': signatureOf('{}', 'e'.repeat(64)) }, body: '{}' },
      { name: 'signed', headers: { 'x-hub-signature-256': signatureOf('{} ') }, body: '{}' },
      { name: 'signed', body: '{}' },
      { name: 'drafty', headers: { 'x-hub-signature-256': signatureOf('{}') }, body: '{}' },
    ]) {
      const response = await fire(request)
      shown.push(`${response.status} ${await response.text()}`)
    }
    expect(new Set(shown).size).toBe(1)
    expect(shown[0]).toMatch(/^401 /)
    expect(await hub.store.inbox.pending()).toEqual([])
  })

  test.each<{ readonly what: string; readonly body: string; readonly headers: Record<string, string> }>([
    { what: 'too large', body: 'x'.repeat(300_000), headers: {} },
    { what: 'compressed', body: '{}', headers: { 'content-encoding': 'gzip' } },
  ])('S10 a body that is $what says nothing about the event either', async ({ body, headers }) => {
    const answers = await Promise.all(
      ['pagerduty', 'unknown', 'resting', 'signed'].map(async (name) => {
        const response = await fire({ name, token: 'wrong', body, headers })
        return `${response.status} ${await response.text()}`
      }),
    )
    expect(new Set(answers).size).toBe(1)
  })

  test('X2 1000 parallel strangers leave the inbox as it was', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 1000 }, async () => (await fire({ token: 'wrong' })).status),
    )
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect((await fire()).status).toBe(202)
  })

  test.each<{ reason: string; body: string; headers: Record<string, string>; status: number }>([
    { reason: 'larger than 256 KiB', body: JSON.stringify('x'.repeat(256 * 1024)), headers: {}, status: 413 },
    { reason: 'not JSON', body: '{"alert":', headers: {}, status: 400 },
    { reason: 'compressed', body: '{}', headers: { 'content-encoding': 'gzip' }, status: 415 },
    { reason: 'without what the template needs', body: '{}', headers: {}, status: 400 },
    { reason: 'a list', body: '[]', headers: {}, status: 400 },
    {
      reason: 'a form',
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 400,
    },
  ])('F82 F83 W1 a body that is $reason starts nothing', async ({ body, headers, status }) => {
    expect((await fire({ body, headers })).status).toBe(status)
    expect(await hub.store.inbox.pending()).toEqual([])
  })

  test.each(['{"alert":', '[]', '\uFEFF{}', '{}', `${'['.repeat(5000)}`])(
    'F83 what a sender has signed and cannot be understood is kept, and answered 202: %#',
    async (body) => {
      const headers = { 'x-hub-signature-256': signatureOf(body) }
      const response = await fire({ name: 'signed', body, headers })
      expect(response.status).toBe(202)
      expect(await replyOf(response)).toMatchObject({ run: '', runs: [], dropped: { reason: 'Quarantined' } })
      const [kept] = await hub.store.inbox.recent({ ...signed, limit: 1 })
      expect(kept?.dropped).toMatchObject({ reason: 'Quarantined', body })
      expect(await hub.store.inbox.pending()).toEqual([])
    },
  )

  test('F81 F84 who replays a signed body under another delivery id starts nothing', async () => {
    const body = '{"alert":"P1"}'
    const send = (delivery: string) =>
      fire({
        name: 'signed',
        body,
        headers: { 'x-hub-signature-256': signatureOf(body), 'x-github-delivery': delivery },
      })
    const first = await replyOf(send('one'))
    expect(await replyOf(send('two'))).toEqual({ ...first, duplicate: true })
    expect(await hub.store.inbox.pending()).toHaveLength(1)
  })

  test('F80 bodies on their way hold no more memory than there is room for', async () => {
    const part = new Uint8Array(200 * 1024)
    const parts: ReadableStreamDefaultController[] = []
    const hold = () =>
      hub.stream(
        '/triggers/incident-response/unknown/fire',
        new ReadableStream({
          start: (controller) => {
            controller.enqueue(part)
            parts.push(controller)
          },
        }),
      )
    const held: Promise<Response>[] = []
    let refused: Response | undefined
    while (refused === undefined && held.length < 1000) {
      const request = hold()
      refused = await Promise.race([
        request,
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 2)),
      ])
      if (refused === undefined) held.push(request)
    }
    expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([503, '1'])
    for (const controller of parts.slice(0, -1)) controller.close()
    expect(new Set((await Promise.all(held)).map(({ status }) => status))).toEqual(new Set([401]))
    expect((await fire()).status).toBe(202)
  })

  test('F80 a flood of one event is slowed down and leaves the others alone', async () => {
    let limited: Response | undefined
    for (let sent = 0; limited === undefined && sent < 5000; sent++) {
      const response = await fire({ headers: { 'webhook-id': 'same' } })
      if (response.status === 429) limited = response
    }
    expect(limited?.headers.get('retry-after')).toBe('1')
    expect((await fire({ name: 'two' })).status).toBe(202)
    hub.clock.advance(1000)
    expect((await fire()).status).toBe(202)
  })

  test('Slack’s question whether the address is ours is answered, and starts nothing', async () => {
    const slack = createTestHub({
      events: {
        'ns/e': { ...event, namespace: 'ns', event: 'e', webhook: { signature: { scheme: 'slack' } } },
      },
    })
    const seconds = Math.floor(slack.clock.now() / 1000)
    const body = '{"type":"url_verification","challenge":"3eZbrw1a"}'
    const code = createHmac('sha256', token).update(`v0:${seconds}:${body}`).digest('hex')
    const headers = { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${code}` }
    const response = await slack.post('/triggers/ns/e/fire', { body, headers })
    expect([response.status, await response.json()]).toEqual([200, { challenge: '3eZbrw1a' }])
    expect(
      await slack.store.inbox.recent({ namespace: 'ns', event: 'e', uid: 'event-uid', limit: 1 }),
    ).toEqual([])
    await slack.store.close()
  })

  test('F90 a body is data, never a template', async () => {
    const alert = '{{ .secrets }} ${x} {% y %}'
    await fire({ body: { alert } })
    const manifest = (await hub.store.inbox.pending())[0]?.entry.runs[0]?.manifest
    expect(manifest).toMatchObject({ spec: { input: { alert } } })
  })

  test('a target that needs nothing of the body fires without one', async () => {
    const plain = createTestHub({ events: { 'ns/e': { ...event, targets: [{ team: 't' }] } } })
    const response = await plain.post('/triggers/ns/e/fire', { token: token })
    expect(response.status).toBe(202)
    await plain.store.close()
  })

  test('an event with a long name still gives a valid run name and label', async () => {
    const name = `${'e'.repeat(48)}-${'x'.repeat(60)}`
    const long = createTestHub({
      events: { [`ns/${name}`]: { ...event, targets: [{ team: 't' }, { team: 'u' }] } },
    })
    const reply = await replyOf(long.post(`/triggers/ns/${name}/fire`, { token: token }))
    for (const run of reply.runs) expect(run).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/)
    await long.store.close()
  })
})
