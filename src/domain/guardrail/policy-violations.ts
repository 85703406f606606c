// Where an agent's manifest asks for more than a policy of its namespace grants. Words for admission and for the
// PolicyCompliant condition; nothing is enforced here, because the gate does that whatever the manifest says.

import type { SwarmAgent, SwarmPolicy, ToolTrustLevel } from '../../api/v1alpha1/index.ts'
import { defaultLimits } from './default-limits.ts'
import { matchesModel, matchesTool } from './glob.ts'
import { warier } from './trust.ts'

export interface Violation {
  readonly policy: string
  readonly mode: 'Audit' | 'Warn' | 'Enforce'
  /** Field of the agent. */
  readonly field: string
  /** Field of the policy. */
  readonly policyField: string
  readonly agentValue: unknown
  readonly policyValue: unknown
  /** One sentence with policy, field and both values. */
  readonly message: string
}

export const policyViolations = ({
  agent,
  policies,
}: {
  readonly agent: SwarmAgent
  readonly policies: readonly SwarmPolicy[]
}): readonly Violation[] =>
  policies
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((policy) =>
      [
        ...limitFindings(agent, policy),
        ...modelFindings(agent, policy),
        ...toolFindings(agent, policy),
        ...trustFindings(agent, policy),
        ...requirementFindings(agent, policy),
      ].map((finding) => violation(agent, policy, finding)),
    )

interface Finding {
  readonly field: string
  readonly policyField: string
  readonly agentValue: unknown
  readonly policyValue: unknown
  /** How the two relate: `is above`, `is not among`. */
  readonly relation: string
}

const violation = (agent: SwarmAgent, policy: SwarmPolicy, finding: Finding): Violation => {
  const { relation, ...found } = finding
  const asked = `SwarmAgent ${agent.metadata.name} ${found.field} ${shown(found.agentValue)}`
  const granted = `SwarmPolicy ${policy.metadata.name} ${found.policyField} ${shown(found.policyValue)}`
  return {
    policy: policy.metadata.name,
    mode: policy.spec?.enforcementMode ?? 'Audit',
    ...found,
    message: `${asked} ${relation} ${granted}`,
  }
}

const shown = (value: unknown): string =>
  value === undefined
    ? '(not set)'
    : Array.isArray(value)
      ? `[${value.join(', ')}]`
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)

const limitFindings = (agent: SwarmAgent, { spec }: SwarmPolicy): readonly Finding[] => {
  const own = agent.spec.guardrails?.limits ?? {}
  const limits = spec?.limits ?? {}
  const compare = (
    field: keyof typeof own,
    agentValue: number | undefined,
    policyField: keyof typeof limits,
    relation: 'is above' | 'is below',
  ): readonly Finding[] => {
    const policyValue = limits[policyField]
    if (agentValue === undefined || policyValue === undefined) return []
    const breaks = relation === 'is above' ? agentValue > policyValue : agentValue < policyValue
    if (!breaks) return []
    return [
      {
        field: `spec.guardrails.limits.${field}`,
        policyField: `spec.limits.${policyField}`,
        agentValue,
        policyValue,
        relation,
      },
    ]
  }
  const timeout = own.timeoutSeconds ?? defaultLimits.timeoutSeconds
  return [
    ...compare(
      'tokensPerCall',
      own.tokensPerCall ?? defaultLimits.tokensPerCall,
      'maxTokensPerCall',
      'is above',
    ),
    ...compare('timeoutSeconds', timeout, 'maxTimeoutSeconds', 'is above'),
    ...compare('timeoutSeconds', timeout, 'minTimeoutSeconds', 'is below'),
    ...compare(
      'concurrentTasks',
      own.concurrentTasks ?? defaultLimits.concurrentTasks,
      'maxConcurrentTasks',
      'is above',
    ),
    ...compare('dailyTokens', own.dailyTokens, 'maxDailyTokens', 'is above'),
    ...compare(
      'maxThinkingTokensPerCall',
      own.maxThinkingTokensPerCall,
      'maxThinkingTokensPerCall',
      'is above',
    ),
    ...compare('maxAnswerTokensPerCall', own.maxAnswerTokensPerCall, 'maxAnswerTokensPerCall', 'is above'),
  ]
}

const modelFindings = (agent: SwarmAgent, { spec }: SwarmPolicy): readonly Finding[] => {
  const { model } = agent.spec
  const { allowed, denied = [] } = spec?.models ?? {}
  const found = (policyField: string, policyValue: unknown, relation: string): Finding => ({
    field: 'spec.model',
    policyField,
    agentValue: model,
    policyValue,
    relation,
  })
  const deniedBy = denied.findIndex((pattern) => matchesModel(pattern, model))
  return [
    ...(deniedBy < 0 ? [] : [found(`spec.models.denied[${deniedBy}]`, denied[deniedBy], 'is denied by')]),
    ...(allowed === undefined || allowed.some((pattern) => matchesModel(pattern, model))
      ? []
      : [found('spec.models.allowed', allowed, 'is not in')]),
  ]
}

// A pattern taken as plain text is matched by a denial exactly when the denial covers all of it. Partial overlaps are
// no fault of the agent: the gate takes the denied part away.
const toolFindings = (agent: SwarmAgent, { spec }: SwarmPolicy): readonly Finding[] => {
  const deny = spec?.tools?.deny ?? []
  const deniedBy = (server: string, tool: string): number =>
    deny.findIndex((pattern) => matchesTool(pattern, { server, tool }))
  const finding = (field: string, agentValue: string, index: number): readonly Finding[] =>
    index < 0
      ? []
      : [
          {
            field,
            policyField: `spec.tools.deny[${index}]`,
            agentValue,
            policyValue: deny[index],
            relation: 'is denied by',
          },
        ]
  const allow = agent.spec.guardrails?.tools?.allow ?? []
  return [
    ...(agent.spec.tools?.mcp ?? []).flatMap(({ name }, index) =>
      finding(`spec.tools.mcp[${index}].name`, name, deniedBy(name, '*')),
    ),
    ...allow.flatMap((pattern, index) => {
      const slash = pattern.indexOf('/')
      if (slash < 0) return []
      return finding(
        `spec.guardrails.tools.allow[${index}]`,
        pattern,
        deniedBy(pattern.slice(0, slash), pattern.slice(slash + 1)),
      )
    }),
  ]
}

const trustFindings = ({ spec }: SwarmAgent, policy: SwarmPolicy): readonly Finding[] => {
  const forced = policy.spec?.tools?.forceTrustLevel
  if (forced === undefined) return []
  const finding = (field: string, level: ToolTrustLevel | undefined): readonly Finding[] =>
    level === undefined || warier({ level }, { level: forced }).level === level
      ? []
      : [
          {
            field,
            policyField: 'spec.tools.forceTrustLevel',
            agentValue: level,
            policyValue: forced,
            relation: 'is above',
          },
        ]
  return [
    ...(spec.tools?.mcp ?? []).flatMap(({ trust }, index) =>
      finding(`spec.tools.mcp[${index}].trust`, trust),
    ),
    ...(spec.guardrails?.tools?.trust?.default === 'internal'
      ? finding('spec.guardrails.tools.trust.default', 'internal')
      : []),
  ]
}

const requirementFindings = (agent: SwarmAgent, { spec }: SwarmPolicy): readonly Finding[] => {
  const { budgetRef, audit, allowList } = spec?.requirements ?? {}
  const { guardrails, observability, tools } = agent.spec
  const missing = (field: string, policyField: string): Finding => ({
    field,
    policyField,
    agentValue: undefined,
    policyValue: true,
    relation: 'is required by',
  })
  return [
    ...(budgetRef === true && guardrails?.budgetRef === undefined
      ? [missing('spec.guardrails.budgetRef', 'spec.requirements.budgetRef')]
      : []),
    ...(audit === true && (observability?.auditLog?.mode ?? 'off') === 'off'
      ? [missing('spec.observability.auditLog.mode', 'spec.requirements.audit')]
      : []),
    ...(allowList === true && (tools?.mcp ?? []).length > 0 && guardrails?.tools?.allow === undefined
      ? [missing('spec.guardrails.tools.allow', 'spec.requirements.allowList')]
      : []),
  ]
}
