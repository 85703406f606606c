// From `spec.tools.mcp` to what the agent's pod is told: a setting per server, and environment variables that take
// credentials from Secrets. The pod references a Secret; its value never passes through here.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../error.ts'
import type { ToolServerSetting } from './agent-environment.ts'
import { hashOf } from './agent-names.ts'

export interface SecretVariable {
  readonly name: string
  readonly secretKeyRef: { readonly name: string; readonly key: string }
}

export interface ToolServerPlan {
  readonly settings: readonly ToolServerSetting[]
  readonly variables: readonly SecretVariable[]
  readonly errors: readonly FieldError[]
}

type McpServer = NonNullable<NonNullable<SwarmAgent['spec']['tools']>['mcp']>[number]

const defaultKey = 'token'

type KeyReference = (
  reference: { readonly name: string; readonly key?: string } | undefined,
) => SecretVariable['secretKeyRef'] | undefined

/**
 * Server names are free text and variable names are not, so two servers could share one: `my-x` and `my.x`. A piece
 * of the name's hash keeps them apart.
 */
export const secretVariableName = (server: string, use: string): string => {
  const readable = server.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  return `AGENT_MCP_${use}_${readable}_${hashOf(server).slice(0, 6).toUpperCase()}`
}

export const planToolServers = ({
  agent,
  onlyKey = () => undefined,
  onlyByTasks = false,
}: {
  readonly agent: SwarmAgent
  /** The key of a Secret that has exactly one; for references that name no key. */
  readonly onlyKey?: (secret: string) => string | undefined
  readonly onlyByTasks?: boolean
}): ToolServerPlan => {
  const variables: SecretVariable[] = []
  const errors: FieldError[] = []
  const keyReference: KeyReference = (reference) =>
    reference === undefined
      ? undefined
      : { name: reference.name, key: reference.key ?? onlyKey(reference.name) ?? defaultKey }
  const fromSecret = (name: string, secretKeyRef: SecretVariable['secretKeyRef']): string => {
    variables.push({ name, secretKeyRef })
    return name
  }

  const settings = (agent.spec.tools?.mcp ?? []).flatMap((server, index): ToolServerSetting[] => {
    const path = `spec.tools.mcp[${index}]`
    const { name, url, instructions } = server
    if (url === undefined) {
      errors.push({
        path: `${path}.capabilityRef`,
        message: `tool server "${name}" has no url, and capabilityRef is not supported yet`,
        remedy: 'set url',
      })
      return []
    }
    if (server.auth?.mtls !== undefined) {
      errors.push({
        path: `${path}.auth.mtls`,
        message: `tool server "${name}" asks for mTLS, which is not supported yet`,
        remedy: 'use auth.bearer, or terminate mTLS in front of the server',
      })
      return []
    }
    const auth = authOf({ server, fromSecret, keyReference })
    const headers = (server.headers ?? []).flatMap(
      (header, place): ToolServerSetting['headers'][number][] => {
        if (header.value !== undefined) return [{ name: header.name, value: header.value }]
        const reference = keyReference(header.secretKeyRef)
        if (reference === undefined) return []
        const variable = secretVariableName(name, `HEADER${place}`)
        return [{ name: header.name, valueFromEnv: fromSecret(variable, reference) }]
      },
    )
    return [
      {
        name,
        url,
        transport: server.transport ?? 'auto',
        onUnavailable: server.onUnavailable ?? 'fail',
        ...(onlyByTasks ? { onlyByTasks } : {}),
        ...(instructions === undefined ? {} : { instructions }),
        ...(auth === undefined ? {} : { auth }),
        headers,
      },
    ]
  })
  return { settings, variables, errors }
}

const authOf = ({
  server,
  fromSecret,
  keyReference,
}: {
  readonly server: McpServer
  readonly fromSecret: (name: string, reference: SecretVariable['secretKeyRef']) => string
  readonly keyReference: KeyReference
}): ToolServerSetting['auth'] => {
  const { auth } = server
  if (auth === undefined) return undefined
  const variable = secretVariableName(server.name, 'TOKEN')
  const header = auth.header
  if (header !== undefined) {
    const reference = keyReference(header.secretKeyRef)
    if (reference === undefined) return undefined
    return {
      header: header.name ?? 'Authorization',
      scheme: header.scheme?.trimEnd() ?? '',
      valueFromEnv: fromSecret(variable, reference),
    }
  }
  const reference = keyReference(auth.bearer?.secretKeyRef)
  if (reference === undefined) return undefined
  return { header: 'Authorization', scheme: 'Bearer', valueFromEnv: fromSecret(variable, reference) }
}
