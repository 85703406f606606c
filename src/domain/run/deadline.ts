// When a run must be over, in milliseconds since the epoch; undefined without `timeoutSeconds`.

import type { RunState } from '../journal/fold.ts'

export const deadlineOf = ({ state }: { readonly state: RunState }): number | undefined => {
  const seconds = state.snapshot?.timeoutSeconds
  if (seconds === undefined || state.startedAt === undefined) return undefined
  return Date.parse(state.startedAt) + seconds * 1000
}
