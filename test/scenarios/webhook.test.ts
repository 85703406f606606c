// An event fires the team: as a sender sees it, with the URL from the status and the token from the Secret.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { example, ledgerOf, namespace, runPath } from './support/story.ts'
import { startDevProcess, type DevProcess } from './support/swarm.ts'

let dev: DevProcess
let api: Api
let url = ''
let token = ''

interface Fired {
  readonly accepted: boolean
  readonly run: string
  readonly duplicate: boolean
}
interface Run {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly teamRef: string; readonly input: Readonly<Record<string, string>> }
  readonly status?: { readonly phase?: string }
}

beforeAll(async () => {
  dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', example] })
  api = apiOf(dev.kubeconfig)
  const event = await api.until<{
    status?: { webhookURL?: string; conditions?: { type: string; status: string }[] }
  }>(
    `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmevents/incident-alert`,
    ({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
  )
  url = event.status?.webhookURL ?? ''
  const secret = await api.ok<{ data: { token: string } }>(
    'GET',
    `/api/v1/namespaces/${namespace}/secrets/incident-alert-webhook-token`,
  )
  token = Buffer.from(secret.data.token, 'base64').toString('utf8')
})
afterAll(async () => {
  await dev?.stop()
})

const fire = async ({
  bearer = token,
  delivery,
  title = 'P-48291 High error rate on payments-api',
}: { readonly bearer?: string; readonly delivery?: string; readonly title?: string } = {}) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      ...(delivery === undefined ? {} : { 'x-webhook-id': delivery }),
    },
    body: JSON.stringify({ incident: { title, description: '12.3% 5xx responses' } }),
  })
  return { status: response.status, body: (await response.json()) as Fired }
}
const runs = async () =>
  (await api.ok<{ items: readonly Run[] }>('GET', runPath('').slice(0, -1))).items.map(
    ({ metadata }) => metadata.name,
  )
const finished = (name: string) =>
  api.until<Run>(runPath(name), ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')

test('a delivery is accepted with the name of its run, and the run answers the incident in it', async () => {
  const { status, body } = await fire()
  expect([status, body.accepted, body.duplicate]).toEqual([202, true, false])
  const run = await finished(body.run)
  expect(run.status?.phase).toBe('Succeeded')
  expect(run.spec).toMatchObject({
    teamRef: 'incident-responder',
    input: { alert: 'P-48291 High error rate on payments-api: 12.3% 5xx responses' },
  })
  expect((await ledgerOf({ api, server: 'slack' })).map(({ tool }) => tool)).toEqual(['post_message'])
  expect((await ledgerOf({ api, server: 'pagerduty' })).at(-1)).toMatchObject({
    tool: 'acknowledge_incident',
    arguments: { incident_id: 'P-48291' },
  })
})

test('the same delivery twice, at once or later, is one run', async () => {
  const before = await runs()
  const answers = await Promise.all([fire({ delivery: 'delivery-7' }), fire({ delivery: 'delivery-7' })])
  const later = await fire({ delivery: 'delivery-7' })
  expect(answers.map(({ status }) => status)).toEqual([202, 202])
  expect(answers.map(({ body }) => body.duplicate).toSorted()).toEqual([false, true])
  expect([later.status, later.body.duplicate]).toEqual([202, true])
  const [name = ''] = new Set([...answers, later].map(({ body }) => body.run))
  expect([...answers, later].map(({ body }) => body.run)).toEqual([name, name, name])
  expect((await finished(name)).status?.phase).toBe('Succeeded')
  expect((await fire({ delivery: 'delivery-7' })).body.run).toBe(name)
  expect((await runs()).filter((run) => !before.includes(run))).toEqual([name])
})

test('two deliveries of different events are two runs', async () => {
  const [first, second] = [
    await fire({ delivery: 'a' }),
    await fire({ delivery: 'b', title: 'P-51022 TLS handshake failures on checkout-gateway' }),
  ]
  expect(first.body.run).not.toBe(second.body.run)
  for (const { body } of [first, second]) expect((await finished(body.run)).status?.phase).toBe('Succeeded')
})

test('without the right token nothing starts, and nothing is told', async () => {
  const before = await runs()
  const wrong = await fire({ bearer: 'x'.repeat(token.length) })
  expect(wrong.status).toBe(401)
  const elsewhere = await fetch(url.replace('incident-alert', 'no-such-event'), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: '{}',
  })
  expect(elsewhere.status).toBe(401)
  expect(await elsewhere.json()).toEqual(wrong.body)
  const none = await fetch(url, { method: 'POST', body: '{}' })
  expect(none.status).toBe(401)
  expect(await runs()).toEqual(before)
})
