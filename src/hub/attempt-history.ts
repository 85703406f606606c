// What earlier owners of a task left in the journal, for the next owner to continue from.

import { attemptRecords } from '../domain/journal/attempt-records.ts'
import type { JournalRecord } from '../domain/journal/record.ts'
import type { Journal } from '../ports/journal.ts'
import type { Lease } from '../ports/task-queue.ts'

export const attemptHistory = async ({
  journal,
  lease: { task, fence },
}: {
  readonly journal: Journal
  readonly lease: Lease
}): Promise<readonly JournalRecord[]> => {
  // The first owner has no predecessor, unless its attempt goes on with an earlier one.
  if (fence === 1 && task.continues === undefined) return []
  const records = await journal.read({ run: task.run.uid })
  return attemptRecords({ records, step: task.step, attempt: task.attempt })
}
