// Reads of the journal: rows to records and runs.

import type { JournalRecord, RecordBody } from '../../../domain/journal/record.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import type { RunSummary } from '../../../ports/journal.ts'
import { statements } from '../statements.ts'
import type { Database } from './database.ts'

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

export const readRecords = (
  database: Database,
  { run, after = 0 }: { readonly run: string; readonly after?: number },
): readonly JournalRecord[] => database.all<RecordRow>(statements.record.after, run, after).map(recordFromRow)

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

export const findRun = (
  database: Database,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): RunSummary | undefined => {
  const row = database.get<RunRow>(statements.run.find, namespace, name)
  return row === undefined ? undefined : runFromRow(row)
}

export const unfinishedRuns = (database: Database): readonly RunSummary[] =>
  database.all<RunRow>(statements.run.unfinished).map(runFromRow)

export const readContent = (
  database: Database,
  sha256: string,
  reader?: { readonly run: string } | { readonly agent: AgentKey },
): string | undefined => {
  const row = (): { text: string } | undefined => {
    if (reader === undefined) return database.get(statements.content.read, sha256)
    if ('run' in reader) return database.get(statements.content.readInRun, sha256, reader.run)
    return database.get(statements.content.readByAgent, sha256, reader.agent.namespace, reader.agent.name)
  }
  return row()?.text
}
