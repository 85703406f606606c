// The separation of a team as its manifest, its agents and the policies make it.

import type { SwarmAgent, SwarmPolicy, SwarmSettings } from '../../api/v1alpha1/index.ts'
import type { PipelineSpec } from '../run/check-pipeline.ts'
import { dataFlow } from '../run/data-flow.ts'
import { effectivePolicy } from './merge-policies.ts'
import { type StepSeparation, separationAlone, separationOf } from './separation.ts'
import { toolPowers } from './tool-powers.ts'

export const teamSeparation = ({
  team,
  agents,
  policies,
  settings,
}: {
  readonly team: PipelineSpec
  readonly agents: ReadonlyMap<string, SwarmAgent>
  readonly policies: readonly SwarmPolicy[]
  readonly settings?: readonly SwarmSettings[] | undefined
}): readonly StepSeparation[] =>
  separationOf({
    steps: dataFlow(team),
    powersOf: (name) => {
      const agent = agents.get(name)
      return agent === undefined ? undefined : toolPowers(effectivePolicy({ agent, policies, settings }))
    },
  })

export const agentSeparation = ({
  agent,
  policies,
  settings,
}: {
  readonly agent: SwarmAgent
  readonly policies: readonly SwarmPolicy[]
  readonly settings?: readonly SwarmSettings[] | undefined
}): StepSeparation =>
  separationAlone(agent.metadata.name, toolPowers(effectivePolicy({ agent, policies, settings })))
