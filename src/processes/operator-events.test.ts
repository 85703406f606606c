// What the operator tells senders of events, and what it learns of them.

import { afterEach, expect, test, vi } from 'vitest'
import { swarmEvents, type SwarmEvent } from '../api/v1alpha1/index.ts'
import { kubernetesEvents, secrets, type Secret } from '../operator/builtin-kinds.ts'
import {
  closeAll,
  namespace,
  setUp,
  createPipeline,
  read,
  webhook,
  entryNamed,
  deliver,
} from './operator.fixtures.ts'

afterEach(closeAll)

test('a webhook event gets a token and an address, and the hub finds both', async () => {
  const { resources, operator } = await setUp()
  await createPipeline(resources)
  await resources.create(swarmEvents, webhook())
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status).toMatchObject({
      webhookURL: `http://127.0.0.1:8092/triggers/${namespace}/pagerduty/fire`,
      conditions: [{ type: 'Ready', status: 'True' }],
    }),
  )
  const secret = await read<Secret>(resources, secrets, 'pagerduty-webhook-token')
  const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString()
  expect(token).toMatch(/^[0-9a-f]{64}$/)
  expect(await operator.catalog.find({ namespace, event: 'pagerduty' })).toMatchObject({
    secrets: [token],
    suspended: false,
  })
  expect(await operator.catalog.find({ namespace, event: 'other' })).toBeUndefined()
})

test('F83 what was not understood shows in the status, and the next understood delivery says so too', async () => {
  const { resources, store } = await setUp()
  await createPipeline(resources)
  const { metadata } = await resources.create(swarmEvents, webhook())
  await store.inbox.accept({
    ...entryNamed('bad', 'none', metadata.uid),
    runs: [],
    dropped: { reason: 'Quarantined', message: '.trigger.body.incident is not in the data', body: '{}' },
  })
  const conditionOf = async () =>
    (await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status?.conditions?.find(
      ({ type }) => type === 'DeliveriesUnderstood',
    )
  await vi.waitFor(async () =>
    expect(await conditionOf()).toMatchObject({
      status: 'False',
      reason: 'Quarantined',
      message: expect.stringContaining('.trigger.body.incident is not in the data') as string,
    }),
  )
  await vi.waitFor(async () =>
    expect(JSON.stringify((await resources.list(kubernetesEvents)).items)).toContain('Quarantined: '),
  )
  await new Promise((resolve) => setTimeout(resolve, 2))
  await deliver(store, 'good', 'pagerduty-good', metadata.uid)
  await vi.waitFor(async () => expect(await conditionOf()).toMatchObject({ status: 'True' }))
})

test('F70 F84 senders are known by the Secret the event names, and while it changes by both of its secrets', async () => {
  const { resources, operator } = await setUp()
  await createPipeline(resources)
  const source = {
    type: 'webhook' as const,
    webhook: { preset: 'pagerduty' as const, signature: { secretRef: { name: 'from-pagerduty' } } },
  }
  await resources.create(swarmEvents, webhook({ source }))
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status?.conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretNotFound' },
    ]),
  )
  const known = async () => (await operator.catalog.find({ namespace, event: 'pagerduty' }))?.secrets
  expect(await known()).toEqual([])
  const secret = (data: Record<string, string>): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'from-pagerduty' },
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  })
  await resources.create(secrets, secret({ whatever: 'one\n' }))
  await vi.waitFor(async () => expect(await known()).toEqual(['one']))
  await vi.waitFor(async () =>
    expect((await read<SwarmEvent>(resources, swarmEvents, 'pagerduty')).status?.conditions).toMatchObject([
      { type: 'Ready', status: 'True' },
    ]),
  )
  await resources.patch(
    secrets,
    { namespace, name: 'from-pagerduty' },
    { data: { whatever: null, ...secret({ secret: 'two', previous: 'one' }).data } },
  )
  await vi.waitFor(async () => expect(await known()).toEqual(['two', 'one']))
})
