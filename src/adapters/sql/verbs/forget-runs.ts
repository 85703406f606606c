// Removes finished runs and everything that only they needed.

import { statements } from '../statements.ts'
import { get, hold, run as write, type Act } from './act.ts'
import { readRecords } from './read-journal.ts'
import { reservationKey } from './settlement.ts'

export function* forgetRuns(runs: readonly string[]): Act<void> {
  const { run, record, task, spend, content } = statements
  const finished: string[] = []
  for (const uid of [...runs].toSorted())
    if ((yield* get(run.hasFinished, uid)) !== undefined) finished.push(uid)
  if (finished.length === 0) return
  yield* hold(content.holdAll)
  for (const uid of finished) {
    for (const each of yield* readRecords({ run: uid }))
      if (each.type === 'llm.requested') yield* write(spend.forget, reservationKey({ ...each, run: uid }))
    yield* write(task.removeOfRun, uid)
    yield* write(record.remove, uid)
    yield* write(content.removeOfRun, uid, uid)
    yield* write(content.unlinkRun, uid)
    yield* write(run.remove, uid)
  }
}
