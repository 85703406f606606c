// Where the figures of a report come from: every one stands in a tool's answer, and other facts behind the tools make
// other reports.

import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import { apiOf } from './support/api.ts'
import { copyStory, example, journalOf, ledgerOf, recordsOf, type StoryCopy } from './support/story.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

let dev: DevProcess | undefined
let copy: StoryCopy | undefined
afterEach(async () => {
  await dev?.stop()
  copy?.remove()
})

interface Told {
  readonly reports: readonly { readonly step: string; readonly text: string }[]
  readonly toolResults: string
  readonly slack: string
  readonly acknowledged: readonly unknown[]
}

const play = async (directory: string): Promise<Told> => {
  dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', directory] })
  const { kubeconfig } = dev
  const run = await swarm(['run', '-f', join(directory, 'sample-incident.yaml'), '--kubeconfig', kubeconfig])
  expect(run.exitCode, run.stderr).toBe(0)
  const records = await journalOf({ kubeconfig, run: 'incident-001' })
  const api = apiOf(kubeconfig)
  const posts = (await ledgerOf({ api, server: 'slack' })).filter(({ tool }) => tool === 'post_message')
  expect(posts).toHaveLength(1)
  return {
    reports: recordsOf(records, 'task.completed').map(({ step, output }) => ({ step, text: whole(output) })),
    toolResults: recordsOf(records, 'tool.returned')
      .map(({ content }) => whole(content))
      .join('\n'),
    slack: posts[0]?.arguments['text'] ?? '',
    acknowledged: (await ledgerOf({ api, server: 'pagerduty' }))
      .filter(({ tool }) => tool === 'acknowledge_incident')
      .map((call) => call.arguments),
  }
}

type Stored = Extract<JournalRecord, { type: 'task.completed' }>['output']
const whole = ({ bytes, head }: Stored): string => {
  expect(Buffer.byteLength(head)).toBe(bytes)
  return head
}

/** `12.3`, `312`, `02:47`, `1795477058.000001`. */
const figuresIn = (text: string): readonly string[] => [...new Set(text.match(/\d+(?:[.:]\d+)*/g))]
const occursIn = (text: string, figure: string): boolean =>
  new RegExp(`(?<!\\d|\\d\\.)${figure.replaceAll('.', '\\.')}(?!\\d|\\.\\d)`).test(text)

test('every figure in the three reports stands in an answer of a tool', async () => {
  const { reports, toolResults, slack } = await play(example)
  expect(reports.map(({ step }) => step)).toEqual(['investigator', 'diagnostician', 'notifier'])
  for (const { step, text } of [...reports, { step: 'the message', text: slack }]) {
    const figures = figuresIn(text)
    expect(figures.length, step).toBeGreaterThan(0)
    expect(
      figures.filter((figure) => !occursIn(toolResults, figure)),
      step,
    ).toEqual([])
  }
  for (const known of ['312', '12.3']) expect(figuresIn(reports[0]?.text ?? '')).toContain(known)
})

test('with other facts behind the tools the reports and the message follow, and no old figure is left', async () => {
  const changes: readonly (readonly [string, string])[] = [
    ['P-48291', 'P-77310'],
    ['postgres-primary:5432', 'postgres-primary:6543'],
    ['count: 312', 'count: 417'],
    ['count: 58', 'count: 66'],
    ['50 of 50', '80 of 80'],
    ['Z, 50]', 'Z, 80]'],
    ['12.3', '9.7'],
    ['12.1', '9.6'],
    ['10.9', '8.8'],
    ['T02:', 'T07:'],
  ]
  copy = copyStory()
  copy.edit('scenarios/postgres-failover.yaml', ...changes)
  copy.edit('sample-incident.yaml', ['P-48291', 'P-77310'], ['12.3%', '9.7%'], ['T02:', 'T07:'])
  const scenario = join(copy.directory, 'scenarios/postgres-failover.yaml')
  for (const server of ['grafana', 'pagerduty', 'slack'])
    copy.edit('mock-servers.yaml', [
      `["mock", "${server}"]`,
      `["mock", "${server}", "--scenario", "${scenario}"]`,
    ])

  const { reports, toolResults, slack, acknowledged } = await play(copy.directory)
  const told = [...reports.map(({ text }) => text), slack].join('\n')
  for (const figure of ['417', '66', '9.7', '07:47', '07:50', '6543'])
    expect(occursIn(told, figure), figure).toBe(true)
  for (const figure of ['417', '9.7', '80', '6543']) expect(occursIn(slack, figure), figure).toBe(true)
  for (const old of ['312', '58', '50', '12.3', '12.1', '10.9', '5432', '48291'])
    expect(figuresIn(told)).not.toContain(old)
  for (const old of ['02:47', '02:50', '02:52']) expect(told).not.toContain(old)
  expect(figuresIn(told).filter((figure) => !occursIn(toolResults, figure))).toEqual([])
  expect(acknowledged).toEqual([{ incident_id: 'P-77310' }])
})
