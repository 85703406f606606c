// D8: the way of a run's phase. Once it has ended it stays as it is.

const path = /^(?:Pending,)?(?:Running,)?(?:Succeeded|Failed|Cancelled)$/

export const isTerminalPath = (phases: readonly string[]): boolean => path.test(phases.join(','))
