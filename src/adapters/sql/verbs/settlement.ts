// What a finished model call costs against the day's ceilings. Where the provider did not say, the reservation, an
// upper bound, stands.

import type { RecordBody, TaskPosition } from '../../../domain/journal/record.ts'
import { totalTokens } from '../../../domain/journal/usage.ts'

export type Settlement = { readonly type: 'used'; readonly tokens: number } | { readonly type: 'as-reserved' }

/** The same for each try of the same turn, so that a take-over does not reserve twice. */
export const reservationKey = ({
  run,
  step,
  attempt,
  turn,
}: TaskPosition & { readonly run: string; readonly turn: number }): string =>
  `${run}/llm.requested/${step}/${attempt}/${turn}`

/** Refusals that reach us before a model has read anything. */
const withoutUse: ReadonlySet<string> = new Set([
  'ModelUnreachable',
  'ModelUnauthorized',
  'ModelNotFound',
  'ModelRateLimited',
  'ModelQuotaExceeded',
])

export const settlementOf = (
  record: RecordBody & { readonly type: 'llm.responded' | 'llm.failed' },
): Settlement => {
  if (record.type === 'llm.failed') {
    return withoutUse.has(record.code) ? { type: 'used', tokens: 0 } : { type: 'as-reserved' }
  }
  const tokens = totalTokens(record.usage)
  return tokens > 0 ? { type: 'used', tokens } : { type: 'as-reserved' }
}
