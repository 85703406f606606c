import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endFact } from './end-fact.ts'
import type { NotifyFact } from './notify-fact.ts'
import { renderDelivery } from './render-delivery.ts'
import { sampleFact } from './sample-fact.ts'
import { slackMessage, type Block, type SlackMessage } from './slack-message.ts'
import { slackText } from './slack-text.ts'
import { emptyRun } from '../journal/fold.ts'
import { storeText } from '../journal/stored-text.ts'
import { notifyEvents } from '../../api/v1alpha1/index.ts'

const textsOf = (block: Block): readonly { readonly text: string; readonly longest: number }[] => {
  switch (block.type) {
    case 'header':
      return [{ text: block.text.text, longest: 150 }]
    case 'section':
      return 'fields' in block
        ? block.fields.map(({ text }) => ({ text, longest: 2000 }))
        : [{ text: block.text.text, longest: 3000 }]
    case 'context':
      return block.elements.map(({ text }) => ({ text, longest: 3000 }))
    case 'divider':
      return []
  }
}

/** Slack's limits, and that nothing in it is markup that we have not written. */
const faults = (message: SlackMessage): readonly string[] => {
  const texts = message.blocks.flatMap(textsOf)
  const markup = message.blocks.filter(({ type }) => type !== 'header').flatMap(textsOf)
  const links = /<https?:\/\/[^\s<>|]+\|[^<>]*>/g
  return [
    ...(message.blocks.length > 50 ? ['too many blocks'] : []),
    ...(message.blocks.some((block) => 'fields' in block && block.fields.length > 10)
      ? ['too many fields']
      : []),
    ...texts.flatMap(({ text, longest }) =>
      text.length < 1 || text.length > longest ? [`${text.length} characters`] : [],
    ),
    ...(texts.reduce((sum, { text }) => sum + text.length, 0) >= 8000 ? ['too long together'] : []),
    ...(message.text.length > 300 || message.text === '' ? ['fallback'] : []),
    ...[message.text, ...markup.map(({ text }) => text)].flatMap((text) => [
      ...(/[<>]/.test(text.replaceAll(links, '')) ? [`markup: ${text}`] : []),
      ...(/&(?!amp;|lt;|gt;)/.test(text) ? [`half an entity: ${text}`] : []),
    ]),
    ...texts.flatMap(({ text }) => (text.isWellFormed() ? [] : ['half a character'])),
    ...(message.unfurl_links ? ['unfurls'] : []),
  ]
}

const hostile = fc.constantFrom(
  '<!channel> <@U123> <https://evil.example|https://good.example>',
  '``` *bold* ```',
  '&amp;lt; & < > &',
  '\u202egnp.exe',
  '👩‍👩‍👧‍👦🏳️‍🌈',
  'e\u0301\u0301\u0301',
  '\ud83d',
  '\0\u001b[31m',
  '{{ .secrets }}',
)
const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  hostile,
  fc
    .tuple(
      fc.oneof(hostile, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })),
      fc.integer({ min: 1, max: 500 }),
    )
    .map(([text, times]) => text.repeat(times).slice(0, 6_000)),
)
const report = fc.record(
  {
    service: words,
    severity: words,
    confidence: fc.oneof(words, fc.double()),
    root_cause: words,
    blast_radius: words,
    remediation: fc.oneof(words, fc.array(words, { maxLength: 5 })),
    evidence: fc.array(
      fc.oneof(
        words,
        fc.webUrl(),
        fc.webUrl().map((url) => ({ url })),
      ),
      { maxLength: 8 },
    ),
  },
  { requiredKeys: [] },
)
const output = fc.oneof(
  words,
  report.map((value) => JSON.stringify(value)),
  report.map((value) => `Here it is:\n\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\``),
)

const factOf = (text: string, phase: 'Succeeded' | 'Failed', message: string): NotifyFact => {
  const stored = storeText(text)
  const fact = endFact({
    end: {
      run: { namespace: 'incident-response', name: 'incident-001', uid: 'u' },
      seq: 9,
      phase,
      reason: phase === 'Succeeded' ? 'Succeeded' : 'StepFailed',
      message,
      endedAt: '2026-04-01T02:54:18.000Z',
    },
    team: 'incident-responder',
    state: { ...emptyRun, phase, startedAt: '2026-04-01T02:52:00.000Z', output: stored },
    models: ['qwen2.5:7b'],
  })
  if (fact === undefined) throw new Error('no fact')
  return fact
}

describe('Slack messages', { timeout: 120_000 }, () => {
  test('10,000 outputs of any kind stay within Slack’s limits, and none of them is markup', () => {
    fc.assert(
      fc.property(output, words, fc.boolean(), fc.nat(3), (text, message, good, others) => {
        const fact = factOf(text, good ? 'Succeeded' : 'Failed', message)
        const more = Array.from({ length: others }, () => fact)
        expect(faults(slackMessage({ fact, more }))).toEqual([])
      }),
      { numRuns: 10_000 },
    )
  })

  test('what a template makes of any output stays within them too', () => {
    const template =
      '*{{ .headline }}* {{ .report.rootCause }} {{ .run.output }} {{ range .report.remediation }}• {{ . }}\n{{ end }}'
    fc.assert(
      fc.property(output, (text) => {
        const rendered = renderDelivery({
          channel: { type: 'slack', template },
          fact: factOf(text, 'Succeeded', 'done'),
        })
        if (rendered.type !== 'slack') throw new Error('not for Slack')
        expect(faults(rendered.message)).toEqual([])
      }),
      { numRuns: 1_000 },
    )
  })

  test('all that can be said at once is still short enough', () => {
    const long = '<&> '.repeat(5_000)
    const fact = factOf(
      JSON.stringify({
        service: long,
        severity: long,
        confidence: long,
        root_cause: long.slice(0, 1500),
        blast_radius: long.slice(0, 600),
        remediation: long.slice(0, 1500),
        evidence: [`https://example.com/${'x'.repeat(300)}`],
      }),
      'Failed',
      long,
    )
    const full: NotifyFact = { ...fact, run: { ...fact.run!, unknownOutcomes: [long] } }
    expect(faults(slackMessage({ fact: full, more: Array.from({ length: 500 }, () => full) }))).toEqual([])
  })

  test.each([...notifyEvents, 'Test' as const])(
    'the sample of %s says what it is, and that it is a sample',
    (event) => {
      const fact = sampleFact({
        event,
        id: 'x',
        namespace: 'n',
        notify: 'on-call',
        at: '2026-04-01T02:54:18.000Z',
      })
      const message = slackMessage({ fact })
      expect(faults(message)).toEqual([])
      expect(JSON.stringify(message)).toContain('a test, nothing has happened')
    },
  )

  test('the root cause, the remediation and who said it are found in what the agents answered', () => {
    const fact = factOf(
      '```json\n{"service": "payments-api", "root_cause": "PostgreSQL primary is down", "remediation": ["promote the standby", "restart"]}\n```',
      'Succeeded',
      '3 of 3 steps succeeded',
    )
    const message = slackMessage({ fact })
    expect(message.text).toBe('incident-responder succeeded – payments-api: PostgreSQL primary is down')
    const text = message.blocks
      .flatMap(textsOf)
      .map((part) => part.text)
      .join('\n')
    for (const expected of [
      'payments-api',
      '*Root cause*\nPostgreSQL primary is down',
      'promote the standby\nrestart',
      'run `incident-001`',
      'qwen2.5:7b',
    ])
      expect(text).toContain(expected)
  })

  test('text that is cut ends between two characters', () => {
    expect(slackText('👩‍👩‍👧‍👦'.repeat(3), 25)).toBe(`${'👩‍👩‍👧‍👦'.repeat(2)}…`)
    expect(slackText('a<b'.repeat(10), 12)).toBe('a&lt;ba&lt;…')
  })

  test('a template that does not render tells all the same, and says so', () => {
    const rendered = renderDelivery({
      channel: { type: 'slack', template: '{{ index .run.models 7 }}' },
      fact: factOf('done', 'Failed', 'step failed'),
    })
    const text = JSON.stringify(rendered)
    expect(text).toContain('step failed')
    expect(text).toContain('does not render')
  })
})
