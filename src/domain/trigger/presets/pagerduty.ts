// PagerDuty V3 webhooks: one event per delivery. An incident that is triggered or reopened starts runs; what people and
// agents do to it afterwards does not.

import { severityOf, type Alert } from '../alert.ts'
import { at, first, labelsAt, needed, told } from '../body-reader.ts'
import type { Preset } from './preset.ts'

const starting: ReadonlySet<string> = new Set(['incident.triggered', 'incident.reopened'])

const statuses: Readonly<Record<string, Alert['status']>> = {
  triggered: 'firing',
  acknowledged: 'acknowledged',
  resolved: 'resolved',
}

export const pagerduty: Preset = {
  scheme: 'pagerduty',
  read: ({ body }) => {
    const type = needed(body, 'event.event_type')
    if (type === 'pagey.ping')
      return { type: 'greeting', message: told(body, 'event.data.message') || 'PagerDuty tries the address' }
    const id = needed(body, 'event.data.id')
    const occurredAt = needed(body, 'event.occurred_at')
    // Notes and responders name their incident; everything else is one itself.
    const incident = at(body, 'event.data.incident') === undefined ? 'event.data' : 'event.data.incident'
    const service = first(body, 'event.data.service.summary', 'event.data.incident.service.summary')
    const urgency = told(body, 'event.data.urgency')
    const priority = told(body, 'event.data.priority.summary')
    const number = told(body, 'event.data.number')
    const alert: Alert = {
      id: told(body, `${incident}.id`) || id,
      title:
        incident === 'event.data' && type.startsWith('incident.')
          ? needed(body, 'event.data.title')
          : first(body, 'event.data.title', `${incident}.summary`, 'event.data.summary') || `${type} ${id}`,
      description: [
        number === '' ? '' : `Incident #${number}`,
        service === '' ? '' : `on ${service}`,
        urgency === '' ? '' : `urgency ${urgency}`,
        priority === '' ? '' : `priority ${priority}`,
      ]
        .filter((part) => part !== '')
        .join(', '),
      status: statuses[told(body, 'event.data.status')] ?? (starting.has(type) ? 'firing' : 'other'),
      severity: severityOf(urgency === 'low' ? 'low' : urgency || priority),
      service,
      source: 'pagerduty',
      type,
      url: first(body, `${incident}.html_url`, 'event.data.html_url'),
      startedAt: first(body, 'event.data.created_at') || occurredAt,
      actor: first(body, 'event.agent.summary', 'event.agent.id', 'event.client.name'),
      count: 1,
      labels: { ...labelsAt(body, 'event.data.custom_fields'), urgency, priority },
    }
    return {
      type: 'alert',
      alert,
      // Of the event, and within what is signed: X-Webhook-Id is not.
      id: needed(body, 'event.id'),
      occurredAt,
      actors: ['event.agent.id', 'event.agent.summary', 'event.client.name'].map((path) => told(body, path)),
      starts: starting.has(type),
      unless: `${type} is not ${[...starting].join(' or ')}`,
    }
  },
}
