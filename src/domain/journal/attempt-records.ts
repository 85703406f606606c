// What an attempt's next owner continues from: the turns and calls of the attempt and of those it goes on with.

import type { JournalRecord } from './record.ts'

export const attemptRecords = ({
  records,
  step,
  attempt,
}: {
  readonly records: readonly JournalRecord[]
  readonly step: string
  readonly attempt: number
}): readonly JournalRecord[] => {
  const ofStep = records.filter((record) => 'step' in record && record.step === step)
  const before = new Map(
    ofStep.flatMap((record) =>
      record.type === 'step.submitted' && record.continues !== undefined
        ? [[record.attempt, record.continues] as const]
        : [],
    ),
  )
  const attempts = new Set<number>()
  for (
    let each: number | undefined = attempt;
    each !== undefined && !attempts.has(each);
    each = before.get(each)
  )
    attempts.add(each)
  return ofStep.filter((record) => 'turn' in record && attempts.has(record.attempt))
}
