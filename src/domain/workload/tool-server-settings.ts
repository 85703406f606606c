// From `spec.tools.mcp` to what the agent's pod is told: a setting per server, and files that take credentials from
// Secrets. The pod references a Secret; its value never passes through here.

import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../error.ts'
import { coversAddress } from '../guardrail/address.ts'
import type { ServerRules } from '../guardrail/effective-policy.ts'
import type { SecretFile, ToolServerSetting } from './agent-environment.ts'
import { hashOf } from './agent-names.ts'

export interface ToolServerPlan {
  readonly settings: readonly ToolServerSetting[]
  /** Files to mount; one that is `optional` may be missing. */
  readonly files: readonly (SecretFile & { readonly optional: boolean })[]
  readonly errors: readonly FieldError[]
}

type McpServer = NonNullable<NonNullable<SwarmAgent['spec']['tools']>['mcp']>[number]

const defaultKey = 'token'

interface KeyReference {
  readonly name: string
  readonly key?: string | undefined
  readonly optional?: boolean | undefined
}

/**
 * Server names are free text and directories are not, so two servers could share one: `my/x` and `my.x`. A piece of the
 * name's hash keeps them apart.
 */
export const secretDirectory = (server: string): string =>
  `${server.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${hashOf(server).slice(0, 6)}`

export const planToolServers = ({
  agent,
  onlyKey = () => undefined,
  serverRules,
}: {
  readonly agent: SwarmAgent
  /** The key of a Secret that has exactly one; for references that name no key. */
  readonly onlyKey?: (secret: string) => string | undefined
  /** What the agent's settings demand. */
  readonly serverRules?: ServerRules | undefined
}): ToolServerPlan => {
  const files: (SecretFile & { readonly optional: boolean })[] = []
  const errors: FieldError[] = []
  const fileOf = (server: string, use: string, { name, key, optional = false }: KeyReference): SecretFile => {
    const file: SecretFile = {
      file: `${secretDirectory(server)}/${use}`,
      secret: name,
      key: key ?? onlyKey(name) ?? defaultKey,
    }
    files.push({ ...file, optional })
    return file
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
    if (server.auth?.mtls !== undefined && URL.parse(url)?.protocol !== 'https:') {
      errors.push({
        path: `${path}.url`,
        message: `tool server "${name}" is given a client certificate, and "${url}" is not an https address`,
        remedy: 'use https, or another kind of auth',
      })
      return []
    }
    const auth = authOf(server, fileOf)
    const mtls = server.auth?.mtls?.secretRef
    const headers = (server.headers ?? []).flatMap(
      (header, place): ToolServerSetting['headers'][number][] => {
        if (header.value !== undefined) return [{ name: header.name, value: header.value }]
        if (header.secretKeyRef === undefined) return []
        return [{ name: header.name, valueFrom: fileOf(name, `header-${place}`, header.secretKeyRef) }]
      },
    )
    const isListed =
      serverRules !== undefined &&
      serverRules.allow.length > 0 &&
      serverRules.allow.every(({ addresses }) => addresses.some(({ pattern }) => coversAddress(pattern, url)))
    return [
      {
        name,
        url,
        transport: server.transport ?? 'auto',
        onUnavailable: server.onUnavailable ?? 'fail',
        ...(serverRules === undefined ? {} : { onlyByTasks: true }),
        ...(isListed ? { isListed } : {}),
        ...(mtls === undefined
          ? {}
          : {
              mtls: {
                certificate: fileOf(name, 'tls.crt', { name: mtls.name, key: 'tls.crt' }),
                key: fileOf(name, 'tls.key', { name: mtls.name, key: 'tls.key' }),
                authority: fileOf(name, 'ca.crt', { name: mtls.name, key: 'ca.crt', optional: true }),
              },
            }),
        ...(instructions === undefined ? {} : { instructions }),
        ...(auth === undefined ? {} : { auth }),
        headers,
      },
    ]
  })
  return { settings, files, errors }
}

const authOf = (
  { name, auth }: McpServer,
  fileOf: (server: string, use: string, reference: KeyReference) => SecretFile,
): ToolServerSetting['auth'] => {
  if (auth?.header !== undefined)
    return {
      header: auth.header.name ?? 'Authorization',
      scheme: auth.header.scheme?.trimEnd() ?? '',
      valueFrom: fileOf(name, 'token', auth.header.secretKeyRef),
    }
  if (auth?.bearer === undefined) return undefined
  return {
    header: 'Authorization',
    scheme: 'Bearer',
    valueFrom: fileOf(name, 'token', auth.bearer.secretKeyRef),
  }
}
