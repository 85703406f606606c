// Who hands data to whom in a pipeline: the templates of a step's inputs say it. Waiting alone hands over nothing, and
// the status of a step is our own word. What a template does not tell is taken for everything it could read; so is a team
// without a pipeline, whose roles may hand anything to each other.

import type { PipelineSpec } from './check-pipeline.ts'
import { orderedSteps } from './check-pipeline.ts'
import { checkOutputRules, outputRulesOf } from './output-rules.ts'
import { stepsBefore } from './pipeline-order.ts'
import { isTyped } from './typed-output.ts'
import { parseTemplate } from '../template/parse.ts'
import { referencesOf } from '../template/references.ts'

export interface FlowStep {
  readonly name: string
  /** SwarmAgent that plays the role; undefined where no role or no agent is named. */
  readonly agent: string | undefined
  /** Steps whose output reaches this one's prompt. */
  readonly from: readonly string[]
  /** Whether the run's input does. */
  readonly takesInput: boolean
  /** Its output is data of a few types: a fact can pass through it, an order cannot. */
  readonly typed?: true
}

export const dataFlow = (spec: PipelineSpec): readonly FlowStep[] => {
  const { pipeline = [] } = spec
  if (pipeline.length === 0) return anyFlow(spec)
  const steps = orderedSteps(spec)
  return pipeline.map(({ role, inputs = {}, outputSchema, validate }, index) => {
    const name = steps[index]?.name ?? role
    const before = [...stepsBefore(steps, name)]
    const read = Object.values(inputs).map((text) => readsOf(text, before))
    return {
      name,
      agent: spec.roles?.find((each) => each.name === role)?.swarmAgent,
      from: [...new Set(read.flatMap(({ from }) => from))],
      // A step without inputs is given the run's.
      takesInput: read.length === 0 || read.some(({ takesInput }) => takesInput),
      ...(handsOnTypes({ outputSchema, validate }) ? { typed: true as const } : {}),
    }
  })
}

/** Who asks whom is decided while it runs: each role counts as given the run's input and all that others say. */
const anyFlow = ({ roles = [] }: PipelineSpec): readonly FlowStep[] =>
  roles.map(({ name, swarmAgent }) => ({
    name,
    agent: swarmAgent,
    from: roles.map((other) => other.name).filter((other) => other !== name),
    takesInput: true,
  }))

/** A schema that cannot be read keeps nothing in. */
const handsOnTypes = (step: Parameters<typeof outputRulesOf>[0]): boolean => {
  if (checkOutputRules(step, '').length > 0) return false
  const schema = outputRulesOf(step)?.schema
  return schema !== undefined && isTyped(schema)
}

const readsOf = (text: string, before: readonly string[]): Pick<FlowStep, 'from' | 'takesInput'> => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') return { from: before, takesInput: true }
  const from: string[] = []
  let takesInput = false
  for (const {
    path: [root, name, field],
  } of referencesOf(parsed.template)) {
    if (root === undefined || root === 'input') takesInput = true
    if (root === undefined || (root === 'steps' && name === undefined)) from.push(...before)
    else if (root === 'steps' && name !== undefined && field !== 'status' && before.includes(name))
      from.push(name)
  }
  return { from, takesInput }
}
