// Prometheus Alertmanager (webhook version 4), and Grafana, which sends the same and more: a group of alerts. The
// group's state is the delivery's identity, because neither gives deliveries an id: a reminder of the same state starts
// nothing, another alert in the group does.

import { createHash } from 'node:crypto'
import { severityOf, type Alert } from '../alert.ts'
import { first, labelsAt, needed, neededList, told } from '../body-reader.ts'
import type { ObjectValue } from '../../template/value.ts'
import type { Preset, Reading } from './preset.ts'

/** Descriptions of so many alerts are told; the rest is counted. */
const MOST_TOLD = 5

const readGroup = (body: ObjectValue, source: 'alertmanager' | 'grafana'): Reading => {
  const status = needed(body, 'status')
  const group = needed(body, 'groupKey')
  const alerts = neededList(body, 'alerts')
  const title =
    first(
      body,
      ...(source === 'grafana' ? ['title'] : []),
      'commonAnnotations.summary',
      'alerts.0.annotations.summary',
      'commonLabels.alertname',
      'groupLabels.alertname',
    ) || needed(body, 'alerts.0.labels.alertname')
  const told5 = alerts
    .slice(0, MOST_TOLD)
    .map((alert) => first(alert, 'annotations.description', 'annotations.message', 'annotations.summary'))
    .filter((text) => text !== '')
  const more = alerts.length - MOST_TOLD
  const description =
    first(body, 'commonAnnotations.description', 'commonAnnotations.message') ||
    [...new Set(told5)].join('\n') ||
    (source === 'grafana' ? told(body, 'message') : '')
  const alert: Alert = {
    id: group,
    title,
    description: more > 0 ? `${description}\n(and ${more} more alerts)` : description,
    status: status === 'firing' || status === 'resolved' ? status : 'other',
    severity: severityOf(first(body, 'commonLabels.severity', 'alerts.0.labels.severity')),
    service: first(
      body,
      'commonLabels.service',
      'commonLabels.job',
      'alerts.0.labels.service',
      'alerts.0.labels.job',
    ),
    source,
    type: status,
    url: first(
      body,
      ...(source === 'grafana' ? ['alerts.0.panelURL', 'alerts.0.dashboardURL'] : []),
      'alerts.0.generatorURL',
      'externalURL',
    ),
    startedAt: first(body, 'alerts.0.startsAt'),
    actor: first(body, 'receiver'),
    count: alerts.length,
    labels: { ...labelsAt(body, 'groupLabels'), ...labelsAt(body, 'commonLabels') },
  }
  return {
    type: 'alert',
    alert,
    id: stateOf(group, alerts),
    actors: [],
    starts: status === 'firing',
    unless: `status is ${status}, not firing`,
  }
}

const stateOf = (group: string, alerts: readonly ObjectValue[]): string => {
  const each = alerts.map((alert) =>
    [
      first(alert, 'fingerprint') || JSON.stringify(labelsAt(alert, 'labels')),
      told(alert, 'status'),
      told(alert, 'startsAt'),
    ].join(' '),
  )
  return createHash('sha256')
    .update([group, ...each.toSorted()].join('\n'))
    .digest('hex')
}

export const alertmanager: Preset = {
  scheme: 'bearer',
  read: ({ body }) => readGroup(body, 'alertmanager'),
}

export const grafana: Preset = {
  scheme: 'bearer',
  read: ({ body }) => readGroup(body, 'grafana'),
}
