// Standard Webhooks: `{type, timestamp, data}` with the delivery's id in a signed header.
// https://github.com/standard-webhooks/standard-webhooks, "Payload structure".

import { severityOf, type Alert } from '../alert.ts'
import { first, needed, told } from '../body-reader.ts'
import type { Preset } from './preset.ts'

export const standardWebhooks: Preset = {
  scheme: 'standard-webhooks',
  read: ({ body, header }) => {
    const type = needed(body, 'type')
    const delivery = header('webhook-id') ?? ''
    const occurredAt = told(body, 'timestamp')
    const alert: Alert = {
      id: first(body, 'data.id') || delivery,
      title: first(body, 'data.title', 'data.summary', 'data.name', 'data.message') || type,
      description: first(body, 'data.description', 'data.message'),
      status: statusOf(first(body, 'data.status')),
      severity: severityOf(first(body, 'data.severity', 'data.priority')),
      service: first(body, 'data.service', 'data.service.name'),
      source: 'standard-webhooks',
      type,
      url: first(body, 'data.url', 'data.html_url'),
      startedAt: first(body, 'data.created_at', 'data.createdAt') || occurredAt,
      actor: first(body, 'data.actor', 'data.user'),
      count: 1,
      labels: {},
    }
    return {
      type: 'alert',
      alert,
      ...(delivery === '' ? {} : { id: delivery }),
      ...(occurredAt === '' ? {} : { occurredAt }),
      actors: [alert.actor],
      starts: true,
      unless: '',
    }
  },
}

export const statusOf = (word: string): Alert['status'] => {
  const known = word.toLowerCase()
  if (/^(firing|triggered|open|opened|alerting|active)$/.test(known)) return 'firing'
  if (/^(acknowledged|ack)$/.test(known)) return 'acknowledged'
  return /^(resolved|closed|ok|recovered)$/.test(known) ? 'resolved' : 'other'
}
