// The round of a run, as the records of its end carry it: named from the second on.

import type { RunState } from '../journal/fold.ts'

export const roundOf = ({ round }: Pick<RunState, 'round'>): { readonly round?: number } =>
  round === 1 ? {} : { round }
