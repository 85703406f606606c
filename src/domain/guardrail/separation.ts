// Whether untrusted words, private data and a write to the outside meet: in one agent, or along the steps of a team
// that hand their output on (the Rule of Two; the lethal trifecta). Follows data, not intentions: it cannot tell
// whether an attack would succeed, only that nothing declared stands in its way.

import type { FlowStep } from '../run/data-flow.ts'
import type { ToolPower } from './tool-powers.ts'

/** How something comes to a step: where it enters the pipeline, and the steps that hand it on. */
export interface Entrance {
  /** From the step where it enters to the step it reaches; both may be the same. */
  readonly path: readonly string[]
  /** The run's input, or what the tools of that step read. */
  readonly by: 'input' | readonly ToolPower[]
}

export interface StepSeparation {
  readonly step: string
  readonly agent: string | undefined
  readonly untrusted: Entrance | undefined
  readonly private: Entrance | undefined
  /** Tools with which the step could write anywhere. */
  readonly writes: readonly ToolPower[]
  /** Tools that write, to where a constraint says: a cut through every path that ends here. */
  readonly confined: readonly ToolPower[]
  /** All three meet. */
  readonly meets: boolean
}

/** What reaches each step and what it can do with it, in the order of the steps. */
export const separationOf = ({
  steps,
  powersOf,
}: {
  readonly steps: readonly FlowStep[]
  /** Undefined for an agent that is not known: it hands on what it is given. */
  readonly powersOf: (agent: string) => readonly ToolPower[] | undefined
}): readonly StepSeparation[] => {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const powers = new Map(
    steps.map(({ name, agent }) => [name, agent === undefined ? [] : (powersOf(agent) ?? [])]),
  )
  return steps.map((step) => {
    const enters = (
      how: (origin: FlowStep) => Entrance['by'] | undefined,
      handsOn: (step: FlowStep | undefined) => boolean,
    ): Entrance | undefined => {
      for (const path of pathsTo(step.name, byName, handsOn)) {
        const origin = byName.get(path[0] ?? '')
        const by = origin === undefined ? undefined : how(origin)
        if (by !== undefined) return { path, by }
      }
      return undefined
    }
    const readBy = ({ name }: FlowStep): readonly ToolPower[] | undefined => {
      const reading = (powers.get(name) ?? []).filter(({ reads }) => reads)
      return reading.length === 0 ? undefined : reading
    }
    // A typed output hands on facts, also private ones, and no words.
    const untrusted = enters(
      (origin) => (origin.takesInput ? 'input' : readBy(origin)),
      (before) => before?.typed !== true,
    )
    const priv = enters(readBy, () => true)
    const own = powers.get(step.name) ?? []
    const writes = own.filter((power) => power.writes === 'anywhere')
    return {
      step: step.name,
      agent: step.agent,
      untrusted,
      private: priv,
      writes,
      confined: own.filter((power) => power.writes === 'confined'),
      meets: untrusted !== undefined && priv !== undefined && writes.length > 0,
    }
  })
}

/** One agent for itself: what it is asked comes from whoever runs it, and is trusted. */
export const separationAlone = (agent: string, powers: readonly ToolPower[]): StepSeparation => {
  const [only] = separationOf({
    steps: [{ name: agent, agent, from: [], takesInput: false }],
    powersOf: () => powers,
  })
  if (only === undefined) throw new Error('one step gives one answer')
  return only
}

/** The shortest way from each step whose output reaches `name`, nearest first; a cycle is walked once. */
const pathsTo = (
  name: string,
  byName: ReadonlyMap<string, FlowStep>,
  handsOn: (step: FlowStep | undefined) => boolean,
): readonly (readonly string[])[] => {
  const found: (readonly string[])[] = [[name]]
  const seen = new Set([name])
  for (let at = 0; at < found.length; at++) {
    const path = found[at] ?? []
    for (const before of byName.get(path[0] ?? '')?.from ?? []) {
      if (seen.has(before) || !handsOn(byName.get(before))) continue
      seen.add(before)
      found.push([before, ...path])
    }
  }
  return found
}
