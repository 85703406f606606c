// What a set of policies demands together: denials add up, allow lists must all be met, ceilings take the lowest value
// and floors the highest. Combining is commutative, associative and idempotent, so the order of policies says nothing.

import type { SwarmPolicy } from '../../api/v1alpha1/index.ts'
import { canonicalJson } from './canonical-json.ts'
import type {
  ArgumentConstraint,
  Limit,
  OutputLevel,
  Rule,
  RuleSource,
  ToolConstraint,
  TrustRule,
} from './effective-policy.ts'
import { warier } from './trust.ts'

export interface PolicyTerms {
  readonly toolDeny: readonly Rule[]
  readonly constraints: readonly ToolConstraint[]
  readonly modelAllow: readonly (readonly Rule[])[]
  readonly modelDeny: readonly Rule[]
  readonly ceilings: Readonly<Partial<Record<Ceiling, Limit>>>
  readonly minTimeoutSeconds?: Limit
  /** The strictest mode, and who demands it; absent means Off. */
  readonly separation?: SeparationDemand
  readonly outputDeny: readonly Rule[]
  /** The least trusting level that is forced. */
  readonly forcedTrust?: TrustRule
  readonly minValidation?: ValidationDemand
}

const outputLevels: readonly OutputLevel[] = ['none', 'pattern', 'schema', 'semantic']

export const isLessThorough = (level: OutputLevel, than: OutputLevel): boolean =>
  outputLevels.indexOf(level) < outputLevels.indexOf(than)

export interface ValidationDemand {
  readonly level: OutputLevel
  readonly source: RuleSource
}

export interface SeparationDemand {
  readonly mode: 'Warn' | 'Enforce'
  readonly source: RuleSource
}

const ceilings = [
  'maxDailyTokens',
  'maxTokensPerCall',
  'maxTimeoutSeconds',
  'maxConcurrentTasks',
  'maxThinkingTokensPerCall',
  'maxAnswerTokensPerCall',
] as const
export type Ceiling = (typeof ceilings)[number]

export const noTerms: PolicyTerms = {
  toolDeny: [],
  constraints: [],
  modelAllow: [],
  modelDeny: [],
  ceilings: {},
  outputDeny: [],
}

export const termsOf = ({ metadata, spec = {} }: SwarmPolicy): PolicyTerms => {
  const source = (field: string): RuleSource => ({ kind: 'SwarmPolicy', name: metadata.name, field })
  const { limits = {}, tools = {}, models = {}, output = {}, requirements = {} } = spec
  const { separation = 'Off' } = requirements
  const numbers: Partial<Record<Ceiling, Limit>> = {}
  for (const ceiling of ceilings) {
    const value = limits[ceiling]
    if (value !== undefined) numbers[ceiling] = { value, source: source(`spec.limits.${ceiling}`) }
  }
  const terms: PolicyTerms = {
    toolDeny: rules(tools.deny, (index) => source(`spec.tools.deny[${index}]`)),
    constraints: constraintsOf(tools.constraints, (index) => source(`spec.tools.constraints[${index}]`)),
    modelAllow:
      models.allowed === undefined
        ? []
        : [rules(models.allowed, (index) => source(`spec.models.allowed[${index}]`))],
    modelDeny: rules(models.denied, (index) => source(`spec.models.denied[${index}]`)),
    outputDeny: rules(output.denyPatterns, (index) => source(`spec.output.denyPatterns[${index}]`)),
    ...(tools.forceTrustLevel === undefined
      ? {}
      : { forcedTrust: { level: tools.forceTrustLevel, source: source('spec.tools.forceTrustLevel') } }),
    ...((output.minValidation ?? 'none') === 'none'
      ? {}
      : {
          minValidation: {
            level: output.minValidation ?? 'none',
            source: source('spec.output.minValidation'),
          },
        }),
    ceilings: numbers,
    ...(limits.minTimeoutSeconds === undefined
      ? {}
      : {
          minTimeoutSeconds: {
            value: limits.minTimeoutSeconds,
            source: source('spec.limits.minTimeoutSeconds'),
          },
        }),
    ...(separation === 'Off'
      ? {}
      : { separation: { mode: separation, source: source('spec.requirements.separation') } }),
  }
  return combineTerms(terms, noTerms)
}

export const combineTerms = (a: PolicyTerms, b: PolicyTerms): PolicyTerms => {
  const numbers: Partial<Record<Ceiling, Limit>> = {}
  for (const ceiling of ceilings) {
    const limit = pick(a.ceilings[ceiling], b.ceilings[ceiling], lower)
    if (limit !== undefined) numbers[ceiling] = limit
  }
  const floor = pick(a.minTimeoutSeconds, b.minTimeoutSeconds, higher)
  const separation = pick(a.separation, b.separation, firmer)
  const forcedTrust = pick(a.forcedTrust, b.forcedTrust, lessTrusting)
  const minValidation = pick(a.minValidation, b.minValidation, moreThorough)
  return {
    toolDeny: union(a.toolDeny, b.toolDeny),
    constraints: union(a.constraints, b.constraints),
    modelAllow: union(a.modelAllow, b.modelAllow),
    modelDeny: union(a.modelDeny, b.modelDeny),
    outputDeny: union(a.outputDeny, b.outputDeny),
    ...(forcedTrust === undefined ? {} : { forcedTrust }),
    ...(minValidation === undefined ? {} : { minValidation }),
    ceilings: numbers,
    ...(floor === undefined ? {} : { minTimeoutSeconds: floor }),
    ...(separation === undefined ? {} : { separation }),
  }
}

const union = <T>(a: readonly T[], b: readonly T[]): readonly T[] => {
  const byText = new Map([...a, ...b].map((item) => [canonicalJson(item), item]))
  return [...byText].toSorted(([x], [y]) => (x < y ? -1 : 1)).map(([, item]) => item)
}

const pick = <T>(a: T | undefined, b: T | undefined, isBetter: (a: T, b: T) => boolean): T | undefined => {
  if (a === undefined) return b
  if (b === undefined) return a
  return isBetter(a, b) ? a : b
}

// Equal values are told apart by their source, so that the answer does not depend on the order.
const lower = (a: Limit, b: Limit): boolean =>
  a.value === b.value ? canonicalJson(a.source) < canonicalJson(b.source) : a.value < b.value
const higher = (a: Limit, b: Limit): boolean =>
  a.value === b.value ? canonicalJson(a.source) < canonicalJson(b.source) : a.value > b.value
const firmer = (a: SeparationDemand, b: SeparationDemand): boolean =>
  a.mode === b.mode ? canonicalJson(a.source) < canonicalJson(b.source) : a.mode === 'Enforce'

const lessTrusting = (a: TrustRule, b: TrustRule): boolean =>
  a.level === b.level ? canonicalJson(a.source) < canonicalJson(b.source) : warier(a, b) === a
const moreThorough = (a: ValidationDemand, b: ValidationDemand): boolean =>
  a.level === b.level ? canonicalJson(a.source) < canonicalJson(b.source) : isLessThorough(b.level, a.level)

/** What the policies of a namespace demand of its teams; undefined where none asks for separation. */
export const separationDemand = (policies: readonly SwarmPolicy[]): SeparationDemand | undefined =>
  policies.map((policy) => termsOf(policy)).reduce(combineTerms, noTerms).separation

export const rules = (
  patterns: readonly string[] | undefined,
  source: (index: number) => RuleSource,
): readonly Rule[] => (patterns ?? []).map((pattern, index) => ({ pattern, source: source(index) }))

type WrittenConstraints = NonNullable<NonNullable<NonNullable<SwarmPolicy['spec']>['tools']>['constraints']>
type WrittenRule = WrittenConstraints[number]['args'][string]

/** Constraints as users write them, one entry per rule. */
export const constraintsOf = (
  written: WrittenConstraints | undefined,
  source: (index: number) => RuleSource,
): readonly ToolConstraint[] =>
  (written ?? []).map(({ tool, args }, index) => ({
    pattern: tool,
    source: source(index),
    args: Object.entries(args).flatMap(([path, rule]) => argumentConstraints(path, rule)),
  }))

// Admission accepts one kind per argument; where it did not look, all that is written must hold.
const argumentConstraints = (path: string, rule: WrittenRule): readonly ArgumentConstraint[] => {
  const at = { path, optional: rule.optional ?? false }
  const found: ArgumentConstraint[] = []
  if (rule.const !== undefined) found.push({ ...at, type: 'const', value: rule.const })
  if (rule.enum !== undefined) found.push({ ...at, type: 'enum', values: rule.enum })
  if (rule.pattern !== undefined) found.push({ ...at, type: 'pattern', pattern: rule.pattern })
  if (rule.maxLength !== undefined) found.push({ ...at, type: 'maxLength', maxLength: rule.maxLength })
  if (rule.fromInput !== undefined) found.push({ ...at, type: 'fromInput', input: rule.fromInput })
  return found
}
