// The effective policy of an agent: what its manifest grants, narrowed by every policy of its namespace. The mode of a
// policy does not matter here: admission may warn or look away, the limits hold all the same.

import { createHash } from 'node:crypto'
import type { SwarmAgent, SwarmPolicy, SwarmSettings } from '../../api/v1alpha1/index.ts'
import { pinIn } from './approved-tools.ts'
import { canonicalJson } from './canonical-json.ts'
import { defaultLimits } from './default-limits.ts'
import type { EffectivePolicy, Limit, RuleSource } from './effective-policy.ts'
import { trustOfServers } from './trust.ts'
import { serverRules } from './server-rules.ts'
import { combineTerms, constraintsOf, noTerms, rules, termsOf } from './policy-terms.ts'

export { policyViolations, type Violation } from './policy-violations.ts'

export const effectivePolicy = ({
  agent,
  policies,
  settings = [],
}: {
  readonly agent: SwarmAgent
  readonly policies: readonly SwarmPolicy[]
  /** Of the agent's namespace. Those the agent names and that are missing here deny its servers. */
  readonly settings?: readonly SwarmSettings[] | undefined
}): EffectivePolicy => {
  const terms = policies.map((policy) => termsOf(policy)).reduce(combineTerms, noTerms)
  const { guardrails = {}, tools = {} } = agent.spec
  const permissions = guardrails.tools ?? {}
  const limits = guardrails.limits ?? {}
  const own = (field: string): RuleSource => ({ kind: 'SwarmAgent', name: agent.metadata.name, field })
  const written = (field: keyof typeof limits, value: number): Limit => ({
    value,
    source: own(`spec.guardrails.limits.${field}`),
  })
  const orDefault = (field: 'tokensPerCall' | 'timeoutSeconds' | 'concurrentTasks' | 'retries'): Limit => {
    const value = limits[field]
    return value === undefined ? builtin(field) : written(field, value)
  }
  const { ceilings } = terms
  const answer = lowest(
    limits.maxAnswerTokensPerCall === undefined
      ? undefined
      : written('maxAnswerTokensPerCall', limits.maxAnswerTokensPerCall),
    ceilings.maxAnswerTokensPerCall,
  )
  const thinking = lowest(
    limits.maxThinkingTokensPerCall === undefined
      ? undefined
      : written('maxThinkingTokensPerCall', limits.maxThinkingTokensPerCall),
    ceilings.maxThinkingTokensPerCall,
  )
  const demands = serverRules({ agent, settings })
  const trust = trustOfServers({ tools, permissions, forced: terms.forcedTrust, own })
  const pins = (tools.mcp ?? []).flatMap(({ name }) => {
    const pin = pinIn(tools, name)
    return pin === undefined ? [] : [[name, { digest: pin.digest, source: own(pin.field) }] as const]
  })
  const content: Omit<EffectivePolicy, 'revision'> = {
    agent: { namespace: agent.metadata.namespace ?? 'default', name: agent.metadata.name },
    tools: {
      servers: (tools.mcp ?? []).map(({ name }) => name),
      ...(demands === undefined ? {} : { serverRules: demands }),
      allow:
        permissions.allow === undefined
          ? []
          : [rules(permissions.allow, (index) => own(`spec.guardrails.tools.allow[${index}]`))],
      deny: [
        ...terms.toolDeny,
        ...rules(permissions.deny, (index) => own(`spec.guardrails.tools.deny[${index}]`)),
      ],
      constraints: [
        ...terms.constraints,
        ...constraintsOf(permissions.constraints, (index) =>
          own(`spec.guardrails.tools.constraints[${index}]`),
        ),
      ],
      effects: (permissions.effects ?? []).map(({ tool, effect }, index) => ({
        pattern: tool,
        effect: effectNames[effect],
        source: own(`spec.guardrails.tools.effects[${index}]`),
      })),
      ...(trust === undefined ? {} : { trust }),
      ...(pins.length === 0 ? {} : { pins: Object.fromEntries(pins) }),
    },
    ...(terms.outputDeny.length === 0 && terms.minValidation === undefined
      ? {}
      : {
          output: {
            deny: terms.outputDeny,
            ...(terms.minValidation === undefined ? {} : { minValidation: terms.minValidation }),
          },
        }),
    models: { allow: terms.modelAllow, deny: terms.modelDeny },
    limits: {
      tokensPerCall: tighter(orDefault('tokensPerCall'), ceilings.maxTokensPerCall),
      ...(answer === undefined ? {} : { answerTokensPerCall: answer }),
      ...(thinking === undefined ? {} : { thinkingTokensPerCall: thinking }),
      timeoutSeconds: tighter(orDefault('timeoutSeconds'), ceilings.maxTimeoutSeconds),
      concurrentTasks: tighter(orDefault('concurrentTasks'), ceilings.maxConcurrentTasks),
      retries: orDefault('retries'),
      ...(limits.dailyTokens === undefined
        ? {}
        : { dailyTokens: written('dailyTokens', limits.dailyTokens) }),
      ...(ceilings.maxDailyTokens === undefined ? {} : { namespaceDailyTokens: ceilings.maxDailyTokens }),
      turnsPerTask: builtin('turnsPerTask'),
      callsPerTask: builtin('callsPerTask'),
      identicalCalls: builtin('identicalCalls'),
    },
  }
  return {
    ...content,
    revision: createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 16),
  }
}

/** As users write it, and as the journal does. */
const effectNames = { ReadOnly: 'read-only', Idempotent: 'idempotent', Write: 'write' } as const

const builtin = (field: keyof typeof defaultLimits): Limit => ({
  value: defaultLimits[field],
  source: { kind: 'builtin', name: 'default', field },
})

const tighter = (agent: Limit, ceiling: Limit | undefined): Limit =>
  ceiling !== undefined && ceiling.value < agent.value ? ceiling : agent

const lowest = (a: Limit | undefined, b: Limit | undefined): Limit | undefined =>
  a === undefined ? b : tighter(a, b)
