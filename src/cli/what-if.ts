// Two worlds side by side, one before and one after some manifests: what changes for each agent, and which meetings of
// untrusted words, private data and a way out appear or go.

import { meetingLines } from '../domain/guardrail/describe-separation.ts'
import { describeRule } from '../domain/guardrail/decision.ts'
import { effectivePolicy } from '../domain/guardrail/merge-policies.ts'
import {
  type AgentPolicy,
  type PermissionChange,
  permissionChanges,
} from '../domain/guardrail/permission-changes.ts'
import { agentSeparation, teamSeparation } from '../domain/guardrail/team-separation.ts'
import type { Paint } from './output/paint.ts'
import type { World } from './session/world.ts'

export interface WhatIf {
  readonly agents: readonly {
    readonly agent: string
    /** Whether the agent comes or goes with the change. */
    readonly state: 'added' | 'changed'
    readonly changes: readonly PermissionChange[]
  }[]
  readonly separation: readonly {
    readonly type: 'appears' | 'goes'
    /** `SwarmTeam incident-responder, step notifier`. */
    readonly where: string
    /** The ways in, and the way out. */
    readonly path: readonly string[]
  }[]
}

export const whatIf = ({ before, after }: { readonly before: World; readonly after: World }): WhatIf => {
  const names = [...new Set([...before.context.agents.keys(), ...after.context.agents.keys()])].toSorted()
  const [old, now] = [meetingsIn(before), meetingsIn(after)]
  return {
    agents: names.flatMap((agent) => {
      const [was, is] = [agentIn(before, agent), agentIn(after, agent)]
      const changes = permissionChanges(was, is)
      if (changes.length === 0 && was !== undefined) return []
      return [{ agent, state: was === undefined ? ('added' as const) : ('changed' as const), changes }]
    }),
    separation: [
      ...[...now]
        .filter(([key]) => !old.has(key))
        .map(([, found]) => ({ type: 'appears' as const, ...found })),
      ...[...old].filter(([key]) => !now.has(key)).map(([, found]) => ({ type: 'goes' as const, ...found })),
    ],
  }
}

const agentIn = (
  { context: { agents, policies, settings } }: World,
  name: string,
): AgentPolicy | undefined => {
  const agent = agents.get(name)
  return agent === undefined
    ? undefined
    : { policy: effectivePolicy({ agent, policies, settings }), model: agent.spec.model }
}

const meetingsIn = ({
  context: { agents, teams, policies, settings },
}: World): ReadonlyMap<string, { readonly where: string; readonly path: readonly string[] }> => {
  const alone = [...agents.values()].map((agent) => ({
    where: `SwarmAgent ${agent.metadata.name}, alone`,
    found: agentSeparation({ agent, policies, settings }),
  }))
  const together = [...teams.values()].flatMap(({ metadata, spec: team }) =>
    teamSeparation({ team, agents, policies, settings }).map((found) => ({
      where: `SwarmTeam ${metadata.name}, step ${found.step}`,
      found,
    })),
  )
  return new Map(
    [...alone, ...together]
      .filter(({ found }) => found.meets)
      .map(({ where, found }) => {
        const path = meetingLines(found)
        return [`${where}: ${path.join('; ')}`, { where, path }]
      }),
  )
}

export const whatIfLines = ({ agents, separation }: WhatIf, paint: Paint): readonly string[] => [
  ...agents.flatMap(({ agent, state, changes }) => [
    `${paint.bold(`SwarmAgent ${agent}`)}${state === 'added' ? ' (new)' : ''}`,
    ...changes.map(
      ({ type, what, text, source }) =>
        `  ${type === 'gains' ? paint.yellow('+ gains') : paint.green('- loses')} ${labels[what]} ${text}${source === undefined ? '' : paint.dim(`  (${source.kind === 'builtin' ? 'default' : describeRule(source)})`)}`,
    ),
    ...(changes.length === 0 ? ['  may call no tool'] : []),
  ]),
  ...separation.flatMap(({ type, where, path }) => [
    type === 'appears'
      ? `${paint.red('! separation: a path appears')} in ${where}`
      : `${paint.green('✔ separation: a path goes')} from ${where}`,
    ...path.map((line) => `    ${line}`),
  ]),
]

const labels: Record<PermissionChange['what'], string> = {
  tool: 'tool',
  argument: 'choice of',
  limit: 'limit',
  model: 'model',
  effect: 'power over',
}
