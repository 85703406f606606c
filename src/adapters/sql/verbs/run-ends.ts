// Ends of runs that somebody has to be told of: written with the record that ends the run, gone when all were told.

import type { RunEndNews } from '../../../ports/run-ends.ts'
import { statements } from '../statements.ts'
import { all, get, run as write, type Act, type Moment } from './act.ts'

export function* addRunEnd(
  { announce }: Pick<Moment, 'announce'>,
  { run, seq, phase, reason, message, endedAt, team }: RunEndNews,
): Act<void> {
  const { uid, namespace, name } = run
  const added = yield* get(
    statements.end.insert,
    uid,
    seq,
    namespace,
    name,
    phase,
    reason,
    message,
    endedAt,
    team ?? null,
  )
  if (added !== undefined) announce('end')
}

interface EndRow {
  readonly run: string
  readonly seq: number
  readonly namespace: string
  readonly name: string
  readonly phase: RunEndNews['phase']
  readonly reason: string
  readonly message: string
  readonly ended_at: string
  readonly team: string | null
}

export function* pendingRunEnds(): Act<readonly RunEndNews[]> {
  const rows = yield* all<EndRow>(statements.end.pending)
  return rows.map(({ run: uid, seq, namespace, name, phase, reason, message, ended_at: endedAt, team }) => ({
    run: { namespace, name, uid },
    seq,
    phase,
    reason,
    message,
    endedAt,
    ...(team === null ? {} : { team }),
  }))
}

export function* settleRunEnd({ run, seq }: { readonly run: string; readonly seq: number }): Act<void> {
  yield* write(statements.end.remove, run, seq)
}
