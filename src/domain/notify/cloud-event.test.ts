import { expect, test } from 'vitest'
import { notifyEvents } from '../../api/v1alpha1/index.ts'
import { cloudEvent } from './cloud-event.ts'
import { renderDelivery } from './render-delivery.ts'
import { sampleFact } from './sample-fact.ts'

const fact = (event: (typeof notifyEvents)[number]) =>
  sampleFact({
    event,
    id: 'run/1',
    namespace: 'incident-response',
    notify: 'on-call',
    at: '2026-04-01T02:54:18.000Z',
  })

test('a fact is a CloudEvent with the run as its source', () => {
  expect(cloudEvent({ fact: fact('TeamFailed') })).toMatchObject({
    specversion: '1.0',
    id: 'run/1',
    source: '/namespaces/incident-response/swarmruns/sample-run',
    type: 'io.kubeswarm.run.failed',
    subject: 'incident-responder',
    time: '2026-04-01T02:54:18.000Z',
    datacontenttype: 'application/json',
    data: { event: 'TeamFailed', team: 'incident-responder', run: { name: 'sample-run' } },
  })
})

test('every event has a type of its own', () => {
  const types = notifyEvents.map((event) => cloudEvent({ fact: fact(event) }).type)
  expect(new Set(types).size).toBe(notifyEvents.length)
  for (const type of types) expect(type).toMatch(/^io\.kubeswarm\.[a-z-]+\.[a-z-]+$/)
})

test('a template is the whole body, and its type is told by what it is', () => {
  const render = (template: string) =>
    renderDelivery({ channel: { type: 'webhook', template }, fact: fact('AgentDegraded') })
  expect(render('{"text": {{ .headline | toJson }}, "agent": "{{ .subject.name }}"}')).toEqual({
    type: 'webhook',
    contentType: 'application/json',
    body: '{"text": "Agent incident-notifier is degraded", "agent": "incident-notifier"}',
  })
  expect(render('{{ .event }}!')).toMatchObject({
    contentType: 'text/plain; charset=utf-8',
    body: 'AgentDegraded!',
  })
})
