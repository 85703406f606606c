// The separation of a team as its manifest, its agents and the policies make it.

import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import type { PipelineSpec } from '../run/check-pipeline.ts'
import { dataFlow } from '../run/data-flow.ts'
import { effectivePolicy } from './merge-policies.ts'
import { type StepSeparation, separationAlone, separationOf } from './separation.ts'
import { toolPowers } from './tool-powers.ts'

export const teamSeparation = ({
  team,
  agents,
  policies,
}: {
  readonly team: PipelineSpec
  readonly agents: ReadonlyMap<string, SwarmAgent>
  readonly policies: readonly SwarmPolicy[]
}): readonly StepSeparation[] =>
  separationOf({
    steps: dataFlow(team),
    powersOf: (name) => {
      const agent = agents.get(name)
      return agent === undefined ? undefined : toolPowers(effectivePolicy({ agent, policies }))
    },
  })

export const agentSeparation = ({
  agent,
  policies,
}: {
  readonly agent: SwarmAgent
  readonly policies: readonly SwarmPolicy[]
}): StepSeparation => separationAlone(agent.metadata.name, toolPowers(effectivePolicy({ agent, policies })))
