// Whether a run has ended, as its status tells it.

import type { SwarmRun } from '../../api/v1alpha1/index.ts'

export const isOver = ({ status }: Pick<SwarmRun, 'status'>): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed' || status?.phase === 'Cancelled'
