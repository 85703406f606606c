// What every sender's alert looks like to a template: `.trigger.alert`. Texts are never absent; one that a sender does
// not tell is empty, except id and title, without which a body is none of its preset.

export interface Alert {
  /** What it is about, as the sender names it: the incident, the alert group. The same for all deliveries about it. */
  readonly id: string
  readonly title: string
  readonly description: string
  /** `firing`, `acknowledged`, `resolved`, or `other` for what is no state of an alert. */
  readonly status: 'firing' | 'acknowledged' | 'resolved' | 'other'
  readonly severity: 'critical' | 'error' | 'warning' | 'info' | 'unknown'
  readonly service: string
  /** The preset that read it. */
  readonly source: string
  /** The sender's own word for what happened: `incident.triggered`. */
  readonly type: string
  /** A page for people. */
  readonly url: string
  /** RFC 3339. */
  readonly startedAt: string
  /** Who caused it. */
  readonly actor: string
  /** How many alerts it stands for. */
  readonly count: number
  readonly labels: Readonly<Record<string, string>>
}

export const alertFields = [
  'id',
  'title',
  'description',
  'status',
  'severity',
  'service',
  'source',
  'type',
  'url',
  'startedAt',
  'actor',
  'count',
  'labels',
] as const satisfies readonly (keyof Alert)[]

export const severityOf = (word: string): Alert['severity'] => {
  const known = word.trim().toLowerCase()
  if (/^(critical|crit|fatal|emergency|page|p1|sev1|high)$/.test(known)) return 'critical'
  if (/^(error|err|major|p2|sev2|failure)$/.test(known)) return 'error'
  if (/^(warning|warn|minor|medium|moderate|p3|sev3|low)$/.test(known)) return 'warning'
  if (/^(info|informational|notice|none|p4|p5)$/.test(known)) return 'info'
  return 'unknown'
}
