// The graph of a pipeline: names of its steps, who waits for whom, and cycles. Knows steps and edges, nothing of what
// steps do.

import type { SwarmTeamPipelineStep } from '../../api/v1alpha1/index.ts'

export interface GraphStep {
  readonly name: string
  readonly index: number
  readonly dependsOn: readonly string[]
}

export const stepName = ({ name, role }: Pick<SwarmTeamPipelineStep, 'name' | 'role'>): string => name ?? role

export const graphSteps = (pipeline: readonly SwarmTeamPipelineStep[]): readonly GraphStep[] =>
  pipeline.map((step, index) => ({ name: stepName(step), index, dependsOn: step.dependsOn ?? [] }))

/** Each step's name with every step it waits for, directly or through others. */
export const ancestors = (steps: readonly GraphStep[]): ReadonlyMap<string, ReadonlySet<string>> => {
  const edges = new Map(steps.map(({ name, dependsOn }) => [name, dependsOn]))
  return new Map(
    steps.map(({ name }) => {
      const found = new Set<string>()
      const open = [...(edges.get(name) ?? [])]
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (found.has(next)) continue
        found.add(next)
        open.push(...(edges.get(next) ?? []))
      }
      return [name, found] as const
    }),
  )
}

/** One cycle, its first step repeated at the end: `a, b, a`; undefined where there is none. */
export const findCycle = (steps: readonly GraphStep[]): readonly string[] | undefined => {
  const edges = new Map(steps.map(({ name, dependsOn }) => [name, dependsOn]))
  const done = new Set<string>()
  for (const { name: start } of steps) {
    // Depth first without recursion: a hundred steps in a row must not depend on the stack.
    const path: { readonly name: string; next: number }[] = []
    const onPath = new Set<string>()
    const enter = (name: string): void => {
      path.push({ name, next: 0 })
      onPath.add(name)
    }
    if (!done.has(start)) enter(start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = (edges.get(top.name) ?? [])[top.next]
      top.next += 1
      if (to === undefined) {
        done.add(top.name)
        onPath.delete(top.name)
        path.pop()
        continue
      }
      if (onPath.has(to)) {
        const names = path.map(({ name }) => name)
        return [...names.slice(names.indexOf(to)), to]
      }
      if (!done.has(to) && edges.has(to)) enter(to)
    }
  }
  return undefined
}
