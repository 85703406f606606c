// What a change of manifests or policies means for what one agent may do: tools gained and lost, arguments narrowed and
// freed, limits and models. Compares two effective policies; whether a change is wanted is for people to say.

import { canonicalJson } from './canonical-json.ts'
import type { EffectivePolicy, Limit, RuleSource } from './effective-policy.ts'
import { modelDenied } from './gate.ts'
import { serverDenied } from './server-rules.ts'
import { covers, overlap } from './pattern-sets.ts'
import { type ToolPower, toolPowers } from './tool-powers.ts'

export interface PermissionChange {
  readonly type: 'gains' | 'loses'
  readonly what: 'tool' | 'argument' | 'limit' | 'model' | 'effect'
  /** One phrase: `slack/post_message`, `tokensPerCall 4000 → 3000`. */
  readonly text: string
  /** Who says so; undefined where the reason is that nobody does any more. */
  readonly source: RuleSource | undefined
}

export interface AgentPolicy {
  readonly policy: EffectivePolicy
  readonly model: string
}

/** Undefined stands for an agent that is not there. */
export const permissionChanges = (
  before: AgentPolicy | undefined,
  after: AgentPolicy | undefined,
): readonly PermissionChange[] => {
  const [old, now] = [powersOf(before), powersOf(after)]
  return [
    ...toolsMissing(old, now).map(lost(after)),
    ...toolsMissing(now, old).map(gained),
    ...(before === undefined || after === undefined
      ? []
      : [
          ...denials(before.policy, after.policy, now),
          ...argumentChanges(before.policy, after.policy),
          ...effectChanges(old, now),
          ...limitChanges(before.policy.limits, after.policy.limits),
          ...modelChanges(before, after),
        ]),
  ]
}

const powersOf = (agent: AgentPolicy | undefined): readonly ToolPower[] =>
  agent === undefined ? [] : toolPowers(agent.policy)

/** Of `these`, what none of `others` covers. */
const toolsMissing = (these: readonly ToolPower[], others: readonly ToolPower[]): readonly ToolPower[] =>
  these.filter(({ pattern }) => !others.some((other) => covers(other.pattern, pattern)))

const gained = ({ pattern, permittedBy }: ToolPower): PermissionChange => ({
  type: 'gains',
  what: 'tool',
  text: pattern,
  source: permittedBy.source,
})

const lost =
  (after: AgentPolicy | undefined) =>
  ({ pattern }: ToolPower): PermissionChange => ({
    type: 'loses',
    what: 'tool',
    text: pattern,
    source:
      after?.policy.tools.deny.find((rule) => covers(rule.pattern, pattern))?.source ??
      unreachableBy(after, pattern),
  })

const unreachableBy = (after: AgentPolicy | undefined, pattern: string): RuleSource | undefined => {
  const server = pattern.slice(0, pattern.indexOf('/'))
  if (after?.policy.tools.servers.includes(server) !== true) return undefined
  const rule = serverDenied({ policy: after.policy, server })?.rule
  return rule === undefined ? undefined : { kind: rule.kind, name: rule.name, field: rule.field }
}

/** Denials that take a part of what stays permitted. */
const denials = (
  before: EffectivePolicy,
  after: EffectivePolicy,
  now: readonly ToolPower[],
): readonly PermissionChange[] => {
  const parts = (
    type: PermissionChange['type'],
    rules: EffectivePolicy['tools']['deny'],
    others: EffectivePolicy['tools']['deny'],
  ): readonly PermissionChange[] =>
    rules
      .filter(({ pattern }) => !others.some((other) => covers(other.pattern, pattern)))
      .flatMap((rule) =>
        now
          .filter(({ pattern }) => overlap(pattern, rule.pattern))
          .map((power) => ({
            type,
            what: 'tool' as const,
            text: `${rule.pattern} of ${power.pattern}`,
            source: rule.source,
          })),
      )
  return [
    ...parts('loses', after.tools.deny, before.tools.deny),
    ...parts('gains', before.tools.deny, after.tools.deny),
  ]
}

const argumentChanges = (before: EffectivePolicy, after: EffectivePolicy): readonly PermissionChange[] => {
  const rulesOf = ({ tools }: EffectivePolicy) =>
    new Map(
      tools.constraints.flatMap(({ pattern, source, args }) =>
        args.map(({ path, optional, ...rule }) => [
          canonicalJson([pattern, path, optional, rule]),
          {
            text: `${pattern} ${path}: ${describeRule(rule)}${optional ? ', or left out' : ''}`,
            source,
          },
        ]),
      ),
    )
  const [old, now] = [rulesOf(before), rulesOf(after)]
  return [
    ...[...now]
      .filter(([key]) => !old.has(key))
      .map(([, { text, source }]) => ({
        type: 'loses' as const,
        what: 'argument' as const,
        text,
        source,
      })),
    ...[...old]
      .filter(([key]) => !now.has(key))
      .map(([, { text }]) => ({
        type: 'gains' as const,
        what: 'argument' as const,
        text,
        source: undefined,
      })),
  ]
}

/** `const "#incidents"`, `fromInput "incidentId"`. */
const describeRule = ({ type, ...value }: { readonly type: string }): string =>
  `${type} ${Object.values(value)
    .map((each) => JSON.stringify(each))
    .join(' ')}`

const effectChanges = (
  before: readonly ToolPower[],
  after: readonly ToolPower[],
): readonly PermissionChange[] =>
  after.flatMap(({ pattern, effects, declaredBy, reads, writes }) => {
    const old = before.find((power) => power.pattern === pattern)
    const [was, is] = [old?.effects.join(', '), effects.join(', ')]
    if (old === undefined || was === is) return []
    const wider = (reads && !old.reads) || (writes !== 'nothing' && old.writes === 'nothing')
    return [
      {
        type: wider ? 'gains' : 'loses',
        what: 'effect',
        text: `${pattern}: ${was} → ${is}`,
        source: declaredBy[0]?.source,
      },
    ]
  })

type Limits = EffectivePolicy['limits']

const limitChanges = (before: Limits, after: Limits): readonly PermissionChange[] => {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as readonly (keyof Limits)[]
  return names.flatMap((name): readonly PermissionChange[] => {
    const [was, is]: readonly (Limit | undefined)[] = [before[name], after[name]]
    if (was?.value === is?.value) return []
    const more = (is?.value ?? Infinity) > (was?.value ?? Infinity)
    return [
      {
        type: more ? 'gains' : 'loses',
        what: 'limit',
        text: `${name} ${was?.value ?? 'unlimited'} → ${is?.value ?? 'unlimited'}`,
        source: is?.source,
      },
    ]
  })
}

const modelChanges = (before: AgentPolicy, after: AgentPolicy): readonly PermissionChange[] => {
  const denied = modelDenied({ policy: after.policy, model: after.model })
  const was = modelDenied({ policy: before.policy, model: before.model })
  if (before.model === after.model && (denied === undefined) === (was === undefined)) return []
  if (denied !== undefined)
    return [{ type: 'loses', what: 'model', text: `${after.model}: ${denied.message}`, source: denied.rule }]
  return [{ type: 'gains', what: 'model', text: after.model, source: undefined }]
}
