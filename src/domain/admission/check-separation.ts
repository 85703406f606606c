// Separation of powers, where a policy demands it (`SwarmPolicy spec.requirements.separation`). A team is judged when it
// is applied; an agent also for what a change of it does to the teams it works in. What was there before is warned of
// and never refused, so that it stays possible to change the rest.

import type { FieldError } from '../error.ts'
import type { SwarmAgent, SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { describeRule } from '../guardrail/decision.ts'
import { describeMeeting, remedyOf } from '../guardrail/describe-separation.ts'
import { type SeparationDemand, separationDemand } from '../guardrail/policy-terms.ts'
import type { StepSeparation } from '../guardrail/separation.ts'
import { agentSeparation, teamSeparation } from '../guardrail/team-separation.ts'
import type { PipelineSpec } from '../run/check-pipeline.ts'
import type { AdmissionContext } from './context.ts'
import { all, errors, type Findings, noFindings, warnings } from './findings.ts'

export const checkTeamSeparation = ({
  team,
  oldTeam,
  context,
}: {
  readonly team: PipelineSpec
  readonly oldTeam: PipelineSpec | undefined
  readonly context: AdmissionContext
}): Findings => {
  const demand = separationDemand(context.policies)
  if (demand === undefined) return noFindings
  const before = oldTeam === undefined ? [] : meetings(teamSeparation({ team: oldTeam, ...context }))
  return all(
    teamSeparation({ team, ...context }).flatMap((found, index) =>
      found.meets ? [verdict({ demand, found, path: `spec.pipeline[${index}]`, where: '', before })] : [],
    ),
  )
}

export const checkAgentSeparation = ({
  agent,
  oldAgent,
  context,
}: {
  readonly agent: SwarmAgent
  readonly oldAgent: SwarmAgent | undefined
  readonly context: AdmissionContext
}): Findings => {
  const { policies, teams, settings } = context
  const demand = separationDemand(policies)
  if (demand === undefined) return noFindings
  const path = 'spec.guardrails.tools'
  const alone = agentSeparation({ agent, policies, settings })
  const aloneBefore =
    oldAgent === undefined ? [] : meetings([agentSeparation({ agent: oldAgent, policies, settings })])
  // Where the context is a set of manifests, its teams are judged for themselves.
  const worksIn = context.complete
    ? [...teams.values()].filter(({ spec }) =>
        spec.roles?.some(({ swarmAgent }) => swarmAgent === agent.metadata.name),
      )
    : []
  return all([
    alone.meets ? verdict({ demand, found: alone, path, where: '', before: aloneBefore }) : noFindings,
    ...worksIn.flatMap(({ metadata, spec: team }) => {
      const others = new Map(context.agents)
      others.delete(agent.metadata.name)
      const agents = (one: SwarmAgent | undefined) =>
        one === undefined ? others : new Map(others).set(agent.metadata.name, one)
      const before = meetings(teamSeparation({ team, agents: agents(oldAgent), policies, settings }))
      return (
        meetings(teamSeparation({ team, agents: agents(agent), policies, settings }))
          // What the agent does for itself is said once, above.
          .filter((found) => !isAmong(found, before) && !(alone.meets && found.agent === agent.metadata.name))
          .map((found) =>
            verdict({ demand, found, path, where: `in SwarmTeam ${metadata.name}: `, before: [] }),
          )
      )
    }),
  ])
}

/** What a policy that demands separation finds there already. */
export const separationFoundBy = (
  policy: SwarmPolicy,
  { agents, teams, policies, settings }: AdmissionContext,
): readonly FieldError[] => {
  const demand = separationDemand([policy])
  if (demand === undefined) return []
  const together = [...policies.filter(({ metadata }) => metadata.name !== policy.metadata.name), policy]
  const inTeams = [...teams.values()].flatMap(({ metadata, spec: team }) =>
    meetings(teamSeparation({ team, agents, policies: together, settings })).map((found) => ({
      who: `SwarmTeam ${metadata.name}`,
      found,
    })),
  )
  const alone = meetings(
    [...agents.values()].map((agent) => agentSeparation({ agent, policies: together, settings })),
  )
    .filter(({ agent }) => !inTeams.some(({ found }) => found.agent === agent))
    .map((found) => ({ who: `SwarmAgent ${found.step}`, found }))
  return [...inTeams, ...alone].map(({ who, found }) => ({
    path: 'spec.requirements.separation',
    message: `${who} does not keep it: ${describeMeeting(found)}`,
    remedy: remedyOf(found),
  }))
}

const meetings = (found: readonly StepSeparation[]): readonly StepSeparation[] =>
  found.filter(({ meets }) => meets)

/** The same step and agent, with no further way out. */
const isAmong = (found: StepSeparation, before: readonly StepSeparation[]): boolean =>
  before.some(
    ({ step, agent, writes }) =>
      step === found.step &&
      agent === found.agent &&
      found.writes.every(({ pattern }) => writes.some((other) => other.pattern === pattern)),
  )

const verdict = ({
  demand: { mode, source },
  found,
  path,
  where,
  before,
}: {
  readonly demand: SeparationDemand
  readonly found: StepSeparation
  readonly path: string
  readonly where: string
  readonly before: readonly StepSeparation[]
}): Findings => {
  const finding: FieldError = {
    path,
    message: `${where}untrusted words, private data and a write to anywhere meet, which ${describeRule(source)} forbids: ${describeMeeting(found)}`,
    remedy: remedyOf(found),
  }
  return mode === 'Enforce' && !isAmong(found, before) ? errors([finding]) : warnings([finding])
}
