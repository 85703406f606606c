// What an earlier owner of a task left in the journal: the turns and calls of this attempt, for the next owner to
// continue from.

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
  // The first owner has no predecessor.
  if (fence === 1) return []
  const records = await journal.read({ run: task.run.uid })
  return records.filter(
    (record) => 'turn' in record && record.step === task.step && record.attempt === task.attempt,
  )
}
