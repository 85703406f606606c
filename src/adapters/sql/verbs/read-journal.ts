// Reads of the journal: rows to records and runs.

import type { JournalRecord, RecordBody } from '../../../domain/journal/record.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import type { Journal, RunSummary } from '../../../ports/journal.ts'
import { statements } from '../statements.ts'
import { all, get, type Act } from './act.ts'

export interface RecordRow {
  readonly run: string
  readonly seq: number
  readonly record_key: string
  readonly at: string
  readonly body: string
  readonly previous: string
  readonly hash: string
}

export const recordFromRow = ({
  run,
  seq,
  record_key,
  at,
  body,
  previous,
  hash,
}: RecordRow): JournalRecord => ({
  ...(JSON.parse(body) as RecordBody),
  run,
  seq,
  key: record_key,
  at,
  previous,
  hash,
})

export function* readRecords({
  run,
  after = 0,
}: {
  readonly run: string
  readonly after?: number
}): Act<readonly JournalRecord[]> {
  return (yield* all<RecordRow>(statements.record.after, run, after)).map(recordFromRow)
}

interface RunRow {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly started_at: string
  readonly finished_at: string | null
  readonly phase: RunSummary['phase']
}

const runFromRow = ({ uid, namespace, name, started_at, finished_at, phase }: RunRow): RunSummary => ({
  uid,
  namespace,
  name,
  startedAt: started_at,
  phase,
  ...(finished_at === null ? {} : { finishedAt: finished_at }),
})

export function* findRun({
  namespace,
  name,
}: {
  readonly namespace: string
  readonly name: string
}): Act<RunSummary | undefined> {
  const row = yield* get<RunRow>(statements.run.find, namespace, name)
  return row === undefined ? undefined : runFromRow(row)
}

export function* unfinishedRuns(): Act<readonly RunSummary[]> {
  return (yield* all<RunRow>(statements.run.unfinished)).map(runFromRow)
}

/** After every time that a run can have started. */
const END_OF_TIME = '9999'

export function* runsPage({
  namespace,
  since = '',
  before = { startedAt: END_OF_TIME, uid: '' },
  limit,
}: Parameters<Journal['runs']>[0]): Act<readonly RunSummary[]> {
  const { page, pageOfNamespace } = statements.run
  const place = [before.startedAt, before.uid, since, limit] as const
  const rows =
    namespace === undefined
      ? yield* all<RunRow>(page, ...place)
      : yield* all<RunRow>(pageOfNamespace, namespace, ...place)
  return rows.map(runFromRow)
}

export function* readContent(
  sha256: string,
  reader?: { readonly run: string } | { readonly agent: AgentKey },
): Act<string | undefined> {
  const [sql, ...values] = contentQuery(sha256, reader)
  return (yield* get<{ text: string }>(sql, ...values))?.text
}

const contentQuery = (
  sha256: string,
  reader: { readonly run: string } | { readonly agent: AgentKey } | undefined,
): readonly [string, ...string[]] => {
  const { content } = statements
  if (reader === undefined) return [content.read, sha256]
  if ('run' in reader) return [content.readInRun, sha256, reader.run]
  return [content.readByAgent, sha256, reader.agent.namespace, reader.agent.name]
}
