// Who comes before whom in a pipeline.

export interface Ordered {
  readonly name: string
  readonly dependsOn: readonly string[]
}

/** The steps of one cycle, the first repeated at the end; undefined when there is none. */
export const findCycle = (steps: readonly Ordered[]): readonly string[] | undefined => {
  const waitsFor = new Map(steps.map(({ name, dependsOn }) => [name, dependsOn]))
  // What remains after taking away, again and again, whoever waits for nobody: cycles and those behind them.
  for (let removed = true; removed;) {
    removed = false
    for (const [name, dependsOn] of waitsFor) {
      if (dependsOn.some((before) => waitsFor.has(before))) continue
      waitsFor.delete(name)
      removed = true
    }
  }
  const [start] = waitsFor.keys()
  if (start === undefined) return undefined
  const path = [start]
  for (;;) {
    const next = waitsFor.get(path.at(-1) ?? '')?.find((before) => waitsFor.has(before)) ?? start
    const seen = path.indexOf(next)
    if (seen >= 0) return [...path.slice(seen), next]
    path.push(next)
  }
}

/** Names of all steps that are surely done when `name` starts. Cycles are harmless here. */
export const stepsBefore = (steps: readonly Ordered[], name: string): ReadonlySet<string> => {
  const waitsFor = new Map(steps.map((step) => [step.name, step.dependsOn]))
  const found = new Set<string>()
  const visit = (names: readonly string[]): void => {
    for (const before of names) {
      if (found.has(before) || !waitsFor.has(before)) continue
      found.add(before)
      visit(waitsFor.get(before) ?? [])
    }
  }
  visit(waitsFor.get(name) ?? [])
  return found
}
