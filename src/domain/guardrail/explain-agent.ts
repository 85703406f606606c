// Everything one agent may do, with the field that says so: the effective policy in the order people ask. Answers come
// from the functions that enforce them.

import type { SwarmAgent, SwarmPolicy, SwarmSettings, SwarmTeam } from '../../api/v1alpha1/index.ts'
import type { Denied } from './decision.ts'
import type { Limit, Rule, RuleSource } from './effective-policy.ts'
import { configurableLimits, defaultLimits } from './default-limits.ts'
import { modelDenied } from './gate.ts'
import { matchesModel } from './glob.ts'
import { effectivePolicy } from './merge-policies.ts'
import { overlap } from './pattern-sets.ts'
import { serverDenied } from './server-rules.ts'
import type { StepSeparation } from './separation.ts'
import { agentSeparation, teamSeparation } from './team-separation.ts'
import { type ToolPower, toolPowers } from './tool-powers.ts'

export interface AgentExplanation {
  readonly namespace: string
  readonly name: string
  /** Of the effective policy; the agent's pods carry out the one with this name. */
  readonly revision: string
  readonly model: {
    readonly name: string
    readonly allowed: boolean
    /** The rule that decided; undefined where no policy speaks of models. */
    readonly rule: (RuleSource & { readonly pattern?: string }) | undefined
  }
  readonly servers: readonly {
    readonly name: string
    readonly tools: readonly ToolPower[]
    /** Denials that concern this server. */
    readonly deny: readonly Rule[]
    /** Why it may not be reached at all. */
    readonly unreachable: Denied | undefined
  }[]
  /** SwarmSettings in the order in which the agent uses them. */
  readonly settings: readonly {
    readonly name: string
    /** Undefined: there are none of that name. */
    readonly gives: readonly string[] | undefined
  }[]
  readonly limits: readonly (Limit & {
    readonly name: string
    /** The value nobody has to write; an API server writes it into the object. */
    readonly isDefault: boolean
    /** What the agent asks for, where a policy grants less. */
    readonly asked: number | undefined
  })[]
  readonly separation: {
    readonly alone: StepSeparation
    readonly teams: readonly { readonly team: string; readonly steps: readonly StepSeparation[] }[]
  }
}

export const explainAgent = ({
  agent,
  agents,
  teams,
  policies,
  settings = [],
}: {
  readonly agent: SwarmAgent
  readonly agents: ReadonlyMap<string, SwarmAgent>
  readonly teams: ReadonlyMap<string, SwarmTeam>
  readonly policies: readonly SwarmPolicy[]
  readonly settings?: readonly SwarmSettings[]
}): AgentExplanation => {
  const policy = effectivePolicy({ agent, policies, settings })
  const { model } = agent.spec
  const denied = modelDenied({ policy, model })
  const allowing = policy.models.allow.flat().find(({ pattern }) => matchesModel(pattern, model))
  const powers = toolPowers(policy)
  const asked = (agent.spec.guardrails?.limits ?? {}) as Readonly<Record<string, unknown>>
  return {
    ...policy.agent,
    revision: policy.revision,
    model: {
      name: model,
      allowed: denied === undefined,
      rule:
        denied?.rule ??
        (allowing === undefined ? undefined : { ...allowing.source, pattern: allowing.pattern }),
    },
    servers: policy.tools.servers.map((name) => ({
      name,
      tools: powers.filter(({ pattern }) => pattern.startsWith(`${name}/`)),
      deny: policy.tools.deny.filter(({ pattern }) => speaksOf(pattern, name)),
      unreachable: serverDenied({ policy, server: name }),
    })),
    settings: (agent.spec.settings ?? []).map(({ name }) => {
      const found = settings.find(({ metadata }) => metadata.name === name)
      return { name, gives: found === undefined ? undefined : given(found) }
    }),
    limits: Object.entries(policy.limits).map(([name, limit]: [string, Limit]) => {
      const own = asked[name]
      return {
        name,
        ...limit,
        ...(name in configurableLimits && limit.source.kind === 'builtin'
          ? {
              source: {
                kind: 'SwarmAgent' as const,
                name: agent.metadata.name,
                field: `spec.guardrails.limits.${name}`,
              },
            }
          : {}),
        isDefault:
          limit.source.kind !== 'SwarmPolicy' &&
          limit.value === (defaultLimits as Readonly<Record<string, number>>)[name],
        asked: limit.source.kind === 'SwarmPolicy' && typeof own === 'number' ? own : undefined,
      }
    }),
    separation: {
      alone: agentSeparation({ agent, policies, settings }),
      teams: [...teams.values()].flatMap(({ metadata, spec: team }) => {
        const steps = teamSeparation({ team, agents, policies, settings }).filter(
          (step) => step.agent === agent.metadata.name,
        )
        return steps.length === 0 ? [] : [{ team: metadata.name, steps }]
      }),
    },
  }
}

/** `2 fragments`, `temperature 0`, `servers only under https://…`. */
const given = ({ spec }: SwarmSettings): readonly string[] => {
  const { fragments = [], promptFragments = {}, temperature, outputFormat, security = {} } = spec
  const { persona, outputRules } = promptFragments
  const { mcpAllowlist, requireMCPAuth } = security
  return [
    ...(fragments.length === 0 ? [] : [`fragments ${fragments.map(({ name }) => name).join(', ')}`]),
    ...(persona === undefined ? [] : ['persona']),
    ...(outputRules === undefined ? [] : ['output rules']),
    ...(outputFormat === undefined ? [] : ['output format']),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(mcpAllowlist === undefined ? [] : [`servers only under ${mcpAllowlist.join(', ') || 'no address'}`]),
    ...(requireMCPAuth === true ? ['servers only with a credential'] : []),
  ]
}

const speaksOf = (pattern: string, server: string): boolean => overlap(pattern, `${server}/*`)
