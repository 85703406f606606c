// Why a run did not succeed, in one sentence with one remedy and one code: those of the step that ended it.

import type { JournalRecord } from '../../domain/journal/record.ts'

interface FailedRun {
  readonly phase: string
  readonly reason: string
  readonly message: string
  readonly records: readonly JournalRecord[]
}

interface RunFailure {
  readonly message: string
  readonly remedy?: string
  readonly code: string
}

export const whyRunFailed = ({
  name,
  watched: { phase, reason, message, records },
}: {
  /** `namespace/name`. */
  readonly name: string
  readonly watched: FailedRun
}): RunFailure => {
  const step = records.findLast((record) => record.type === 'step.failed')
  const attempt = records.findLast((record) => record.type === 'task.failed' && record.step === step?.step)
  const whole = `SwarmRun ${name} ${phase}: ${message}`
  if (attempt?.type === 'task.failed' && (reason === 'StepFailed' || reason === attempt.code))
    return {
      message: whole,
      code: attempt.code,
      ...(attempt.remedy === undefined ? {} : { remedy: attempt.remedy }),
    }
  // A run that was refused before its first step ends its sentence with what to do.
  const [, cause, advice] = records.length === 0 ? (/^(.+) \(([^()]+)\)$/s.exec(whole) ?? []) : []
  return cause !== undefined && advice !== undefined
    ? { message: cause, remedy: advice, code: reason }
    : { message: whole, code: reason }
}
