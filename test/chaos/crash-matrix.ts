// The crash matrix: the incident-response story with one process killed at one boundary, for every boundary, step and
// process. The ledgers of the mocks and of the model say what really happened.

import type { SwarmRun } from '../../src/api/v1alpha1/index.ts'
import { verifyChain } from '../../src/domain/journal/hash-chain.ts'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import type { CrashPlan } from '../../src/processes/crash-points/crash-plan.ts'
import type { Bench } from './bench.ts'

export interface Cell extends CrashPlan {
  readonly step?: Step
}
const steps = ['investigator', 'diagnostician', 'notifier'] as const
type Step = (typeof steps)[number]
/** The diagnostician has no tools. */
const withTools: readonly Step[] = ['investigator', 'notifier']

const sides = (verb: string): readonly string[] => [`${verb}.before`, `${verb}.after`]
const each = (part: Cell['part'], points: readonly string[], at: readonly Step[]): readonly Cell[] =>
  points.flatMap((point) => at.map((step) => ({ part, point, step })))
const once = (part: Cell['part'], points: readonly string[]): readonly Cell[] =>
  points.map((point) => ({ part, point }))

/** Every boundary at every step it exists for; what belongs to the run as a whole exists once. */
export const cells: readonly Cell[] = [
  ...once('hub', sides('accept')),
  ...once('operator', [...sides('create'), ...sides('settle'), ...sides('start')]),
  ...each('operator', sides('submit'), steps),
  ...once('operator', [...sides('end'), ...sides('status')]),
  ...each('hub', ['lease.after', ...sides('reserve')], steps),
  ...each('hub', sides('intent'), withTools),
  ...each('hub', sides('finish'), steps),
  ...each('agent', ['lease.after', ...sides('reserve'), ...sides('model')], steps),
  ...each('agent', [...sides('intent'), ...sides('tool')], withTools),
  ...each('agent', sides('finish'), steps),
]

export interface CellResult {
  readonly cell: Cell
  readonly ended: string
  readonly posts: number
  readonly seconds: number
  /** What should not be; empty for a good cell. */
  readonly wrong: readonly string[]
}

export const playCell = async (bench: Bench, cell: Cell): Promise<CellResult> => {
  const before = {
    posts: await bench.posts(),
    runs: (await bench.runs()).map(({ metadata }) => metadata.name),
  }
  const turnsBefore = bench.modelTurns.length
  bench.plan(cell)
  const started = performance.now()
  const name = await bench.fire()
  const run = await bench.ended(name)
  const seconds = (performance.now() - started) / 1000
  const wrong: string[] = []
  if (!bench.struck) {
    // What comes after the last word of a run may strike a moment after a watcher saw it end.
    for (let tries = 0; tries < 20 && !bench.struck; tries += 1)
      await new Promise((done) => setTimeout(done, 100))
    if (!bench.struck) wrong.push('the boundary was not reached')
  }
  bench.withdrawPlan()
  const records = await bench.journal(name)
  const posts = (await bench.posts()) - before.posts
  const ended = run.status?.phase === 'Succeeded' ? 'Succeeded' : (run.status?.reason ?? reasonOf(run))
  const expected = expectedEnd(records)
  if (ended !== expected) wrong.push(`ended as ${ended} instead of ${expected}`)
  if (posts > 1) wrong.push(`posted ${posts} times`)
  if (ended === 'Succeeded' && posts !== 1) wrong.push(`succeeded with ${posts} messages`)
  const chain = verifyChain(records)
  if (chain.type !== 'intact') wrong.push(`chain broken at ${chain.seq}`)
  wrong.push(...repeatedTurns(records, bench.modelTurns.slice(turnsBefore)))
  const made = (await bench.runs()).filter(({ metadata }) => !before.runs.includes(metadata.name))
  if (made.length !== 1) wrong.push(`${made.length} runs of one delivery`)
  return { cell, ended, posts, seconds, wrong }
}

const reasonOf = ({ status }: SwarmRun): string =>
  status?.conditions?.find(({ type }) => type === 'Succeeded')?.reason ?? 'unknown'

/** Unknown exactly where a call that must not be repeated was announced and nobody heard of its result. */
const expectedEnd = (records: readonly JournalRecord[]): string => {
  const place = (record: JournalRecord): string =>
    'call' in record ? [record.step, record.attempt, record.turn, record.call].join('/') : ''
  const told = new Set(
    records.filter(({ type }) => type === 'tool.returned' || type === 'tool.denied').map(place),
  )
  const open = records.some(
    (record) => record.type === 'tool.intended' && record.effect === 'write' && !told.has(place(record)),
  )
  return open ? 'OutcomeUnknown' : 'Succeeded'
}

/** A turn is asked once, and again only for each request of the journal that has no answer in it. */
const repeatedTurns = (
  records: readonly JournalRecord[],
  asked: readonly { readonly rule: string; readonly turn: number }[],
): readonly string[] =>
  steps.flatMap((step) => {
    const own = records.filter((record) => 'step' in record && record.step === step)
    const requested = own.filter(({ type }) => type === 'llm.requested').length
    const answered = own.filter(({ type }) => type === 'llm.responded').length
    const times = asked.filter(({ rule }) => rule === step).length
    const unheard = requested - answered
    const distinct = new Set(asked.filter(({ rule }) => rule === step).map(({ turn }) => turn)).size
    return times > distinct + unheard
      ? [`the model was asked ${times} times for ${distinct} turns of ${step}`]
      : []
  })

export const matrixTable = (results: readonly CellResult[]): string => {
  const rows = [
    ...Map.groupBy(results, ({ cell: { part, point, step } }) => [part, point, step ?? '–'].join('\t')),
  ]
  const line = (cols: readonly string[]): string =>
    [8, 16, 14, 5, 34, 12, 9]
      .map((width, index) => (cols[index] ?? '').padEnd(width))
      .join(' ')
      .trimEnd()
  return [
    line(['process', 'boundary', 'step', 'times', 'ended', 'post_message', 'seconds', '']),
    ...rows.map(([key, group]) => {
      const ends = [...Map.groupBy(group, ({ ended }) => ended)].map(([end, same]) => `${end} ${same.length}`)
      const wrong = [...new Set(group.flatMap((result) => result.wrong))].join('; ')
      const seconds = group.map((result) => result.seconds)
      return `${line([
        ...key.split('\t'),
        String(group.length),
        ends.join(', '),
        group.map(({ posts }) => posts).join(' '),
        `${Math.min(...seconds).toFixed(1)}-${Math.max(...seconds).toFixed(1)}`,
      ])}${wrong === '' ? '' : `  WRONG: ${wrong}`}`
    }),
  ].join('\n')
}
