// The mock PagerDuty: the incidents of its scenarios, and the one thing that changes them, an acknowledgement.

import { z } from 'zod'

import { logBlock } from './log-block.ts'
import { defineTool, found, refused, type MockTool } from './mock-tool.ts'
import type { Scenario } from './scenario.ts'
import { rfc3339 } from './time-range.ts'

export const pagerdutyTools = ({
  scenarios,
  log,
}: {
  readonly scenarios: readonly Scenario[]
  readonly log: (line: string) => void
}): readonly MockTool[] => {
  const incidents = new Map(scenarios.map(({ incident }) => [incident.id, incident]))
  const status = new Map<string, string>()
  const statusOf = (id: string): string => status.get(id) ?? incidents.get(id)?.status ?? 'triggered'
  const unknown = (id: string) =>
    refused(`no incident "${id}"; open incidents: ${[...incidents.keys()].join(', ')}`)
  const id = z.string().min(1).describe('The incident id as PagerDuty shows it, for example P-48291.')

  return [
    defineTool({
      name: 'get_incident',
      title: 'Get incident',
      description:
        'Read one incident: what fired, when, on which service, and how similar incidents were resolved.',
      input: z.object({ incident_id: id }),
      readOnly: true,
      idempotent: true,
      run: ({ incident_id }) => {
        const incident = incidents.get(incident_id)
        if (incident === undefined) return unknown(incident_id)
        const { triggeredAt, alerts, alertWindowMinutes, assignedTo, pastIncidents, ...rest } = incident
        return found({
          ...rest,
          status: statusOf(incident_id),
          triggered_at: rfc3339(triggeredAt),
          alert_count: alerts,
          alert_window_minutes: alertWindowMinutes,
          ...(assignedTo !== undefined && { assigned_to: assignedTo }),
          past_incidents: pastIncidents,
        })
      },
    }),
    defineTool({
      name: 'acknowledge_incident',
      title: 'Acknowledge incident',
      description:
        'Acknowledge an incident, so that PagerDuty stops paging people for it. Does not resolve it.',
      input: z.object({
        incident_id: id,
        note: z.string().optional().describe('A note for the incident timeline.'),
      }),
      readOnly: false,
      idempotent: true,
      run: ({ incident_id, note }) => {
        const incident = incidents.get(incident_id)
        if (incident === undefined) return unknown(incident_id)
        const before = statusOf(incident_id)
        status.set(incident_id, 'acknowledged')
        logBlock({
          log,
          title: `PAGERDUTY ACKNOWLEDGED ${incident_id}`,
          text: [
            `Incident: ${incident.title}`,
            `Status: ${before} -> acknowledged`,
            ...(note === undefined ? [] : [`Note: ${note}`]),
          ].join('\n'),
        })
        return found({ id: incident_id, status: 'acknowledged' })
      },
    }),
    defineTool({
      name: 'list_incidents',
      title: 'List incidents',
      description: 'List incidents with their status and service.',
      input: z.object({
        status: z.enum(['triggered', 'acknowledged', 'resolved']).optional().describe('Only this status.'),
        service: z.string().optional().describe('Only this service.'),
      }),
      readOnly: true,
      idempotent: true,
      run: (filter) =>
        found({
          incidents: [...incidents.values()]
            .map(({ id, title, severity, service }) => ({
              id,
              title,
              severity,
              service,
              status: statusOf(id),
            }))
            .filter(
              (incident) =>
                (filter.status === undefined || incident.status === filter.status) &&
                (filter.service === undefined || incident.service === filter.service),
            ),
        }),
    }),
  ]
}
