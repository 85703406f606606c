// SwarmSettings, beyond what their schema can say: addresses that can cover something, and whom they cut off.

import type { FieldError } from '../error.ts'
import type { SwarmAgent, SwarmSettings } from '../../api/v1alpha1/index.ts'
import { addressFault } from '../guardrail/address.ts'
import { effectivePolicy } from '../guardrail/merge-policies.ts'
import { serverDenied } from '../guardrail/server-rules.ts'
import type { AdmissionContext } from './context.ts'
import { checkReference } from './check-references.ts'
import { all, errors, type Findings, warnings } from './findings.ts'

/** An entry that covers nothing would be taken for an allowance, or lock everybody out. */
const unusableAddresses = ({ spec }: SwarmSettings): readonly FieldError[] =>
  (spec.security?.mcpAllowlist ?? []).flatMap((entry, index) => {
    const fault = addressFault(entry)
    return fault === undefined
      ? []
      : [
          {
            path: `spec.security.mcpAllowlist[${index}]`,
            message: `"${entry}" ${fault}`,
            remedy: 'Write scheme://host:port/path, for example https://mcp.example.com/team-a.',
          },
        ]
  })

const repeatedNames = ({ spec: { fragments = [] } }: SwarmSettings): readonly FieldError[] =>
  fragments.flatMap(({ name }, index) => {
    const first = fragments.findIndex((other) => other.name === name)
    return first === index
      ? []
      : [
          {
            path: `spec.fragments[${index}].name`,
            message: `the name "${name}" is taken by spec.fragments[${first}]; both become part of prompts`,
            remedy: 'Give each its own name.',
          },
        ]
  })

const emptyAllowance = ({ spec }: SwarmSettings): readonly FieldError[] =>
  spec.security?.mcpAllowlist?.length === 0
    ? [
        {
          path: 'spec.security.mcpAllowlist',
          message: 'the list is empty: no MCP server may be contacted',
          remedy: 'Leave it out to allow every address.',
        },
      ]
    : []

const cutOff = (settings: SwarmSettings, { agents }: AdmissionContext): readonly FieldError[] =>
  [...agents.values()].flatMap((agent) =>
    deniedServers(agent, [settings])
      .filter(({ rule }) => rule.kind === 'SwarmSettings' && rule.name === settings.metadata.name)
      .map(({ rule, message }) => ({
        path: rule.field,
        message: `SwarmAgent ${agent.metadata.name}: ${message}`,
        remedy: 'The agent keeps running; a task that needs the server fails and says so.',
      })),
  )

interface DeniedServer {
  /** Field of the agent. */
  readonly path: string
  readonly rule: { readonly kind: string; readonly name: string; readonly field: string }
  readonly message: string
  readonly remedy: string | undefined
}

/** Servers that the agent's settings forbid; missing settings are spoken of elsewhere. */
const deniedServers = (agent: SwarmAgent, settings: readonly SwarmSettings[]): readonly DeniedServer[] => {
  const known = settings.map(({ metadata }) => metadata.name)
  const named = (agent.spec.settings ?? []).filter(({ name }) => known.includes(name))
  const policy = effectivePolicy({
    agent: { ...agent, spec: { ...agent.spec, settings: named } },
    policies: [],
    settings,
  })
  return (agent.spec.tools?.mcp ?? []).flatMap(({ name }, index) => {
    const denied = serverDenied({ policy, server: name })
    if (denied === undefined) return []
    const { rule, message, remedy, reason } = denied
    const field = reason === 'ServerUnauthenticated' ? 'auth' : 'url'
    return [{ path: `spec.tools.mcp[${index}].${field}`, rule, message, remedy }]
  })
}

/** What the settings an agent uses say to its servers. */
export const checkSettingsOf = ({
  agent,
  context,
}: {
  readonly agent: SwarmAgent
  readonly context: AdmissionContext
}): Findings =>
  all([
    ...(agent.spec.settings ?? []).map(({ name }, index) =>
      checkReference({ kind: 'SwarmSettings', name, path: `spec.settings[${index}].name`, context }),
    ),
    errors(
      deniedServers(agent, context.settings).map(({ path, message, remedy }) => ({
        path,
        message,
        ...(remedy === undefined ? {} : { remedy }),
      })),
    ),
  ])

export const checkSettings = ({
  settings,
  context,
}: {
  readonly settings: SwarmSettings
  readonly context: AdmissionContext
}): Findings =>
  all([
    errors(unusableAddresses(settings)),
    warnings([...repeatedNames(settings), ...emptyAllowance(settings), ...cutOff(settings, context)]),
  ])
