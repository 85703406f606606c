// The template of a channel: what it may read, and its rendering. For Slack every text is escaped before the template
// sees it, so that its author may write markup and nobody else can.

import type { FieldError } from '../error.ts'
import { checkTemplate, openRoot, type KnownData } from '../template/check.ts'
import { parseTemplate } from '../template/parse.ts'
import { renderTemplate } from '../template/render.ts'
import { headline, type NotifyFact } from './notify-fact.ts'
import { slackText } from './slack-text.ts'

const known: KnownData = new Map([
  ...['event', 'namespace', 'time', 'headline', 'message', 'more'].map((name) => [name, openRoot] as const),
  ['subject', { noun: 'field of the subject', names: ['kind', 'name'] }],
  [
    'run',
    {
      noun: 'field of the run',
      names: ['name', 'reason', 'duration', 'tokens', 'models', 'steps', 'unknownOutcomes', 'output'],
    },
  ],
  [
    'report',
    {
      noun: 'field of the report',
      names: ['service', 'severity', 'confidence', 'rootCause', 'blastRadius', 'remediation', 'evidence'],
    },
  ],
])

export const checkNotifyTemplate = (path: string, text: string): readonly FieldError[] => {
  const parsed = parseTemplate(text)
  const found = parsed.type === 'error' ? parsed.errors : checkTemplate({ template: parsed.template, known })
  return found.map(({ message, remedy, position }) => ({
    path,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    position,
  }))
}

type Rendered =
  { readonly type: 'text'; readonly text: string } | { readonly type: 'error'; readonly message: string }

export const renderNotifyTemplate = ({
  template,
  fact,
  more,
  escape,
}: {
  readonly template: string
  readonly fact: NotifyFact
  readonly more: readonly NotifyFact[]
  readonly escape: 'slack' | 'nothing'
}): Rendered => {
  const parsed = parseTemplate(template)
  if (parsed.type === 'error') return { type: 'error', message: parsed.errors[0]?.message ?? 'is not valid' }
  const plain = dataOf(fact, more)
  const result = renderTemplate({
    template: parsed.template,
    data: escape === 'slack' ? escapedAll(plain) : plain,
  })
  return result.type === 'error'
    ? { type: 'error', message: result.message }
    : { type: 'text', text: result.text }
}

/** Every name is there, so that a template need not ask whether this run has it: what is not known is empty. */
const dataOf = (fact: NotifyFact, more: readonly NotifyFact[]): unknown => {
  const { event, namespace, at, subject, message, run } = fact
  const report = run?.report ?? {}
  return {
    event,
    namespace,
    time: at,
    headline: headline(fact),
    message,
    subject,
    more: more.map((other) => ({
      name: other.run?.name ?? other.subject.name,
      message: other.message,
      time: other.at,
    })),
    run: {
      name: run?.name ?? '',
      reason: run?.reason ?? '',
      duration: run?.durationMs === undefined ? '' : `${Math.round(run.durationMs / 1000)}s`,
      tokens: run?.tokens ?? 0,
      models: run?.models ?? [],
      steps: run?.steps ?? [],
      unknownOutcomes: run?.unknownOutcomes ?? [],
      output: run?.output ?? '',
    },
    report: {
      service: report.service ?? '',
      severity: report.severity ?? '',
      confidence: report.confidence ?? '',
      rootCause: report.rootCause ?? '',
      blastRadius: report.blastRadius ?? '',
      remediation: report.remediation ?? [],
      evidence: report.evidence ?? [],
    },
  }
}

const escapedAll = (value: unknown): unknown => {
  if (typeof value === 'string') return slackText(value, 10_000)
  if (Array.isArray(value)) return value.map(escapedAll)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapedAll(inner)]))
}
