// D8: the way of a run's phase. Once it has ended it stays as it is, unless a person resolves its unknown outcome.

const path = /^(?:Pending,)?(?:(?:Running,)?Failed,)*(?:Running,)?(?:Succeeded|Failed|Cancelled)$/

export const isTerminalPath = (
  phases: readonly string[],
  { reopened }: { readonly reopened: number },
): boolean =>
  path.test(phases.join(',')) && phases.filter((phase) => phase === 'Failed').length <= reopened + 1
