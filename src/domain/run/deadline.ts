// When a run must be over, in milliseconds since the epoch; undefined without `timeoutSeconds`. A reopened run has its
// time anew.

import type { RunState } from '../journal/fold.ts'

export const deadlineOf = ({ state }: { readonly state: RunState }): number | undefined => {
  const seconds = state.snapshot?.timeoutSeconds
  const from = state.reopenedAt ?? state.startedAt
  if (seconds === undefined || from === undefined) return undefined
  return Date.parse(from) + seconds * 1000
}
