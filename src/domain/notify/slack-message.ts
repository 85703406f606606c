// A fact as a Slack message in Block Kit, within Slack's limits whatever the agents wrote: 50 blocks, 150 characters
// in a header, 3000 in a section, 2000 in a field. The whole stays below 8000, because clients were seen to refuse
// messages well below the documented limits.

import { headline, wordings, type NotifyFact, type RunFacts } from './notify-fact.ts'
import type { Report } from './read-report.ts'
import { escaped, plainText, slackCode, slackText } from './slack-text.ts'

interface PlainText {
  readonly type: 'plain_text'
  readonly text: string
  readonly emoji: true
}
interface Mrkdwn {
  readonly type: 'mrkdwn'
  readonly text: string
  /** Slack must not look for names and addresses in it. */
  readonly verbatim: true
}

export type Block =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'section'; readonly fields: readonly Mrkdwn[] }
  | { readonly type: 'context'; readonly elements: readonly Mrkdwn[] }
  | { readonly type: 'divider' }

export interface SlackMessage {
  /** For notifications on a phone, for screen readers, and where blocks cannot be shown. */
  readonly text: string
  readonly blocks: readonly Block[]
  readonly unfurl_links: false
  readonly unfurl_media: false
}

/** Together far below 8000, also when everything is there and full. */
const longest = {
  header: 150,
  fallback: 300,
  field: 200,
  rootCause: 1200,
  impact: 500,
  remediation: 1400,
  output: 2400,
  message: 1000,
  words: 2900,
  evidence: 600,
  more: 400,
  context: 400,
} as const

export const slackMessage = ({
  fact,
  words,
  more = [],
}: {
  readonly fact: NotifyFact
  /** From the channel's template, instead of what is said by default. Escaped by who rendered it. */
  readonly words?: string | undefined
  /** Facts of the same kind that came while this one waited. */
  readonly more?: readonly NotifyFact[]
}): SlackMessage => {
  const body = words === undefined ? standardBody(fact) : [section(cutMarkup(words, longest.words))]
  const extra = more.length === 0 ? [] : [section(moreText(more))]
  return {
    text: slackText(fallback(fact), longest.fallback),
    blocks: [header(fact), ...body, ...extra, context(fact)],
    unfurl_links: false,
    unfurl_media: false,
  }
}

const fallback = (fact: NotifyFact): string => {
  const { service, rootCause } = fact.run?.report ?? {}
  const what = fact.event === 'TeamSucceeded' ? rootCause : undefined
  return [
    headline(fact),
    [service, what ?? fact.message].filter((part) => part !== undefined).join(': '),
  ].join(' – ')
}

const header = (fact: NotifyFact): Block => {
  const service = fact.run?.report.service
  const text = `${wordings[fact.event].sign} ${headline(fact)}${service === undefined ? '' : `: ${service}`}`
  return { type: 'header', text: { type: 'plain_text', text: plainText(text, longest.header), emoji: true } }
}

const standardBody = (fact: NotifyFact): readonly Block[] => {
  const { run } = fact
  if (run === undefined) return [section(slackText(fact.message, longest.message))]
  const { report } = run
  const isGood = fact.event === 'TeamSucceeded' || fact.event === 'Test'
  return [
    ...fieldsOf(run),
    ...(isGood ? [] : [titled('What went wrong', slackText(fact.message, longest.message))]),
    ...(run.unknownOutcomes.length === 0
      ? []
      : [titled('⚠️ Outcome unknown', slackText(run.unknownOutcomes.join('\n'), longest.impact))]),
    ...reportOf(report),
    ...(report.rootCause === undefined && run.output !== undefined && run.output.trim() !== ''
      ? [titled('Output', slackText(run.output.trim(), longest.output))]
      : []),
  ]
}

const fieldsOf = ({ report, durationMs, steps }: RunFacts): readonly Block[] => {
  const failed = steps.find(({ phase }) => phase === 'Failed')
  const fields = [
    ['Service', report.service],
    ['Severity', report.severity],
    ['Confidence', report.confidence],
    ['Failed step', failed === undefined ? undefined : `${failed.name} (${failed.agent})`],
    ['Duration', durationMs === undefined ? undefined : durationText(durationMs)],
  ].flatMap(([name, value]) =>
    value === undefined ? [] : [mrkdwn(`*${name}*\n${slackText(value, longest.field)}`)],
  )
  return fields.length === 0 ? [] : [{ type: 'section', fields }]
}

const reportOf = ({ rootCause, blastRadius, remediation, evidence }: Report): readonly Block[] => [
  ...(rootCause === undefined ? [] : [titled('Root cause', slackText(rootCause, longest.rootCause))]),
  ...(blastRadius === undefined ? [] : [titled('Impact', slackText(blastRadius, longest.impact))]),
  ...(remediation === undefined
    ? []
    : [titled('Remediation', slackCode(remediation.join('\n'), longest.remediation))]),
  ...(evidence === undefined ? [] : [titled('Evidence', linkLines(evidence))]),
]

/** The address itself is what is shown: a text of its own could say it leads elsewhere. */
const linkLines = (links: readonly string[]): string => {
  let lines = ''
  for (const link of links) {
    const address = escaped(link)
    const line = `• <${address}|${slackText(link.replace(/^https?:\/\//, ''), 80)}>\n`
    if (lines.length + line.length > longest.evidence) break
    lines += line
  }
  return lines === '' ? 'in the output of the run' : lines.trimEnd()
}

const moreText = (more: readonly NotifyFact[]): string => {
  const names = more.map(({ run, subject }) => run?.name ?? subject.name).join(', ')
  return `*And ${more.length} more of the same kind since:* ${slackText(names, longest.more)}`
}

const context = ({ namespace, run, at, isSample }: NotifyFact): Block => {
  const parts = [
    ...(isSample === true ? ['🔔 a test, nothing has happened'] : []),
    ...(run === undefined ? [] : [`run \`${run.name}\``]),
    `namespace \`${namespace}\``,
    ...(run === undefined || run.models.length === 0 ? [] : [run.models.join(', ')]),
    ...(run?.tokens === undefined ? [] : [`${run.tokens.toLocaleString('en')} tokens`]),
    `${at.slice(0, 19).replace('T', ' ')} UTC`,
  ]
  return { type: 'context', elements: [mrkdwn(slackText(parts.join('  ·  '), longest.context))] }
}

const mrkdwn = (text: string): Mrkdwn => ({ type: 'mrkdwn', text, verbatim: true })
const section = (text: string): Block => ({ type: 'section', text: mrkdwn(text === '' ? ' ' : text) })
const titled = (title: string, text: string): Block => section(`*${title}*\n${text}`)

/** Cuts text that is escaped already, never inside an entity or between the halves of a character. */
const cutMarkup = (text: string, most: number): string => {
  if (text.length <= most) return text
  const head = text.slice(0, most - 1).replace(/&[a-z]{0,4}$/, '')
  return `${head.toWellFormed().replace(/\uFFFD$/, '')}…`
}

const durationText = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
