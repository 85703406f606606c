// What the SwarmSettings that an agent uses demand of its tool servers: where they may be, and that a credential is
// sent. Demands of several settings add up. Settings that cannot be read might forbid anything, so they do.

import type { SwarmAgent, SwarmSettings } from '../../api/v1alpha1/index.ts'
import { coversAddress } from './address.ts'
import { type Denied, describeRule } from './decision.ts'
import type { EffectivePolicy, RuleSource, ServerAddress, ServerRules } from './effective-policy.ts'
import { rules } from './policy-terms.ts'

/** Undefined where no settings of the agent say anything of servers. */
export const serverRules = ({
  agent,
  settings,
}: {
  readonly agent: SwarmAgent
  /** Of the agent's namespace, in the one spelling. */
  readonly settings: readonly SwarmSettings[]
}): ServerRules | undefined => {
  const named = agent.spec.settings ?? []
  const found = named.map(({ name }) => settings.find(({ metadata }) => metadata.name === name))
  const securities = found.flatMap((one) =>
    one?.spec.security === undefined ? [] : [{ name: one.metadata.name, ...one.spec.security }],
  )
  const source = (name: string, field: string): RuleSource => ({
    kind: 'SwarmSettings',
    name,
    field: `spec.security.${field}`,
  })
  const allow = securities.flatMap(({ name, mcpAllowlist }) =>
    mcpAllowlist === undefined
      ? []
      : [
          {
            source: source(name, 'mcpAllowlist'),
            addresses: rules(mcpAllowlist, (index) => source(name, `mcpAllowlist[${index}]`)),
          },
        ],
  )
  const demanding = securities.find(({ requireMCPAuth }) => requireMCPAuth === true)
  const unreadable = named.flatMap(({ name }, index) =>
    found[index] === undefined ? [{ name, source: ownSource(agent, `spec.settings[${index}]`) }] : [],
  )
  if (allow.length === 0 && demanding === undefined && unreadable.length === 0) return undefined
  return {
    allow,
    unreadable,
    ...(demanding === undefined ? {} : { requireAuth: source(demanding.name, 'requireMCPAuth') }),
    declared: Object.fromEntries(
      (agent.spec.tools?.mcp ?? []).flatMap(({ name, url, auth }) =>
        url === undefined ? [] : [[name, { url, authenticated: auth !== undefined }]],
      ),
    ),
  }
}

const ownSource = (agent: SwarmAgent, field: string): RuleSource => ({
  kind: 'SwarmAgent',
  name: agent.metadata.name,
  field,
})

/** Why a server may not be contacted at all; undefined when it may. */
export const serverDenied = ({
  policy: { tools },
  server,
  address = tools.serverRules?.declared[server],
}: {
  readonly policy: EffectivePolicy
  readonly server: string
  /** Where the process would go; left out: where the manifest says. */
  readonly address?: ServerAddress | undefined
}): Denied | undefined => {
  const { serverRules: demands } = tools
  if (demands === undefined) return undefined
  const { allow, requireAuth, unreadable } = demands
  const [missing] = unreadable
  if (missing !== undefined)
    return {
      type: 'denied',
      reason: 'PolicyUnavailable',
      rule: missing.source,
      message: `server "${server}" is not used: SwarmSettings "${missing.name}", named by ${describeRule(missing.source)}, does not exist, and might forbid it`,
      remedy: `create SwarmSettings "${missing.name}", or take it out of ${describeRule(missing.source)}`,
    }
  const outside = allow.find(
    ({ addresses }) =>
      address === undefined || !addresses.some(({ pattern }) => coversAddress(pattern, address.url)),
  )
  if (outside !== undefined)
    return {
      type: 'denied',
      reason: 'ServerNotAllowed',
      rule: outside.source,
      message: `server "${server}" at ${address?.url ?? 'an unknown address'} is not under an address of ${describeRule(outside.source)} (${outside.addresses.map(({ pattern }) => pattern).join(', ') || 'empty: no server is allowed'})`,
      remedy: `add its address to ${describeRule(outside.source)} if agents should reach it`,
    }
  if (requireAuth !== undefined && address?.authenticated !== true)
    return {
      type: 'denied',
      reason: 'ServerUnauthenticated',
      rule: requireAuth,
      message: `server "${server}" is given no credential, which ${describeRule(requireAuth)} demands`,
      remedy: 'set tools.mcp[].auth of the server',
    }
  return undefined
}
