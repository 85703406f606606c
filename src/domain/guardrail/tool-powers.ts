// What an agent could do with the tools it may call, as far as its manifest and the policies tell: no server is asked.
// Whatever is not declared counts as everything. What servers say of themselves is not known here; at run time it can
// only tighten (`tool-effect.ts`).

import type { ToolEffect } from '../journal/record.ts'
import type {
  ArgumentConstraint,
  DeclaredEffect,
  EffectivePolicy,
  Rule,
  ToolConstraint,
} from './effective-policy.ts'
import { covers, overlap, partsOf } from './pattern-sets.ts'
import { serverDenied } from './server-rules.ts'
import { stricter } from './tool-effect.ts'
import { trustIn } from './trust.ts'

export interface ToolPower {
  /** `<server>/<tool>`; the tool may be a pattern, the server is one of the agent's own that it may reach. */
  readonly pattern: string
  /** What permits it: an entry of an allow list, or the list of servers where nothing narrows it. */
  readonly permittedBy: Rule
  /** Denials that take a part of the pattern away. */
  readonly except: readonly Rule[]
  /** More than one when declarations tell tools of the pattern apart. */
  readonly effects: readonly (ToolEffect | 'undeclared')[]
  readonly declaredBy: readonly DeclaredEffect[]
  readonly constraints: readonly ToolConstraint[]
  /** Whether its results bring in private data and other people's words: what can be read is taken to be both. */
  readonly reads: boolean
  /** `confined`: an argument constraint fixes what the call is made to. */
  readonly writes: 'nothing' | 'confined' | 'anywhere'
}

export const toolPowers = (policy: EffectivePolicy): readonly ToolPower[] =>
  permitted(policy)
    .filter(({ pattern }) => !policy.tools.deny.some((rule) => covers(rule.pattern, pattern)))
    .map(({ pattern, permittedBy }) => {
      const { deny, effects } = policy.tools
      const declaredBy =
        trustIn(policy, pattern.slice(0, pattern.indexOf('/'))) === 'sandbox'
          ? []
          : effects.filter((declared) => overlap(declared.pattern, pattern))
      const possible = possibleEffects(pattern, declaredBy)
      const constraints = policy.tools.constraints.filter((rule) => covers(rule.pattern, pattern))
      return {
        pattern,
        permittedBy,
        except: deny.filter((rule) => overlap(rule.pattern, pattern)),
        effects: possible,
        declaredBy,
        constraints,
        reads: possible.includes('read-only') || possible.includes('undeclared'),
        writes: possible.every((effect) => effect === 'read-only')
          ? 'nothing'
          : constraints.some(({ args }) => args.some(fixes))
            ? 'confined'
            : 'anywhere',
      }
    })

/** Whether a rule leaves the model no choice of its own: a value, one of some values, or an input of the run. */
export const fixes = ({ type, optional }: ArgumentConstraint): boolean =>
  !optional && (type === 'const' || type === 'enum' || type === 'fromInput')

/** The strictest declaration counts for each tool: what covers the pattern holds for all, what is stricter for some. */
const possibleEffects = (pattern: string, declared: readonly DeclaredEffect[]): ToolPower['effects'] => {
  const [first, ...others] = declared
    .filter((each) => covers(each.pattern, pattern))
    .map(({ effect }) => effect)
  if (first === undefined) return ['undeclared']
  const forAll = others.reduce(stricter, first)
  const forSome = declared.map(({ effect }) => effect).filter((effect) => stricter(forAll, effect) !== forAll)
  return [...new Set([forAll, ...forSome])]
}

interface Permitted {
  readonly pattern: string
  readonly permittedBy: Rule
}

/** Patterns that permit something, each cut to one of the agent's own servers. */
const permitted = (policy: EffectivePolicy): readonly Permitted[] => {
  const { agent, tools } = policy
  const [first, ...others] = tools.allow
  const wide = tools.servers.map((server, index) => ({
    pattern: `${server}/*`,
    source: {
      kind: 'SwarmAgent' as const,
      name: agent.name,
      field: `spec.tools.mcp[${index}]`,
    },
  }))
  // Settings that are missing today may be there tomorrow, and then permit everything.
  const reachable = tools.servers.filter((server) => {
    const denied = serverDenied({ policy, server })
    return denied === undefined || denied.reason === 'PolicyUnavailable'
  })
  const found = reachable.flatMap((server) =>
    (first ?? wide).flatMap((rule) => {
      const parts = partsOf(rule.pattern)
      if (parts === undefined || !overlap(rule.pattern, `${server}/*`)) return []
      return [{ pattern: `${server}/${parts.tool}`, permittedBy: rule }]
    }),
  )
  const byPattern = new Map(found.toReversed().map((each) => [each.pattern, each]))
  return [...byPattern.values()]
    .toReversed()
    .filter(({ pattern }) => others.every((list) => list.some((rule) => overlap(rule.pattern, pattern))))
}
