// How far a tool server is trusted, and where that was said. A policy can only lower it: `forceTrustLevel` holds for
// agents that say more, and takes nothing back from those that say less.

import type { AgentTools, ToolPermissions, ToolTrustLevel } from '../../api/v1alpha1/index.ts'
import type { EffectivePolicy, RuleSource, TrustRule } from './effective-policy.ts'

export const defaultTrust: ToolTrustLevel = 'external'

const caution: Record<ToolTrustLevel, number> = { internal: 0, external: 1, sandbox: 2 }

/** The level that demands more care. */
export const warier = <T extends { readonly level: ToolTrustLevel }>(a: T, b: T): T =>
  caution[b.level] > caution[a.level] ? b : a

/** By server, where anybody says anything; undefined where nobody does. */
export const trustOfServers = ({
  tools,
  permissions,
  forced,
  own,
}: {
  readonly tools: AgentTools
  readonly permissions: ToolPermissions
  readonly forced: TrustRule | undefined
  /** Source of a field of the agent. */
  readonly own: (field: string) => RuleSource
}): EffectivePolicy['tools']['trust'] => {
  const fallback = permissions.trust?.default
  const said = (tools.mcp ?? []).flatMap(
    ({ name, trust }, index): readonly (readonly [string, TrustRule])[] => {
      const declared: TrustRule | undefined =
        trust !== undefined
          ? { level: trust, source: own(`spec.tools.mcp[${index}].trust`) }
          : fallback !== undefined
            ? { level: fallback, source: own('spec.guardrails.tools.trust.default') }
            : undefined
      if (forced === undefined) return declared === undefined ? [] : [[name, declared]]
      return [[name, declared === undefined ? atLeastDefault(forced) : warier(declared, forced)]]
    },
  )
  return said.length === 0 ? undefined : Object.fromEntries(said)
}

/** Being forced to trust is no reason to trust more than nobody asked for. */
const atLeastDefault = (forced: TrustRule): TrustRule =>
  caution[forced.level] >= caution[defaultTrust] ? forced : { ...forced, level: defaultTrust }

export const trustIn = ({ tools }: EffectivePolicy, server: string): ToolTrustLevel =>
  tools.trust !== undefined && Object.hasOwn(tools.trust, server)
    ? (tools.trust[server]?.level ?? defaultTrust)
    : defaultTrust
