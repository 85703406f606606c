// A tool server that speaks MCP, either protocol era, over streamable HTTP or SSE.

import { SdkError, SdkErrorCode } from '@modelcontextprotocol/client'

import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import type { ToolDefinition, ToolResult, ToolServer } from '../../ports/tool-server.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { callScopes, READ_CAP_BYTES, type CallScope } from './guarded-fetch.ts'
import { mcpConnector, type McpConnection } from './mcp-connection.ts'
import { requestHeaders, type Credential } from './request-headers.ts'
import { resultText } from './result-text.ts'
import { httpStatus, serverFailure } from './server-failure.ts'

/** Names a call across its retries, so that a server can tell a repetition from a second call. */
const IDEMPOTENCY_KEY = 'kubeswarm.io/idempotency-key'

/** How a server turned out to be spoken to. */
export interface SpokenDialect {
  readonly transport: 'streamable-http' | 'sse' | 'legacy-rest'
  /** Where it answered. */
  readonly url: string
  /** MCP revision, `2025-06-18`, and whether it is of the time before the stateless one. */
  readonly protocol?: { readonly revision: string; readonly era: 'modern' | 'legacy' }
}

export interface ConnectedToolServer extends ToolServer {
  /** Of the latest listing; undefined before the first. */
  dialect(): SpokenDialect | undefined
}

export interface ToolServerTimeouts {
  readonly connectMs: number
  readonly listMs: number
  readonly callMs: number
}

const MAX_PAGES = 100

export const mcpToolServer = ({
  setting,
  transport,
  credential,
  fetch,
  timeouts: { connectMs, listMs, callMs },
}: {
  readonly setting: ToolServerSetting
  readonly transport: Exclude<ToolServerSetting['transport'], 'legacy-rest'>
  readonly credential: Credential
  readonly fetch: Fetch
  readonly timeouts: ToolServerTimeouts
}): ConnectedToolServer => {
  let dialect: SpokenDialect | undefined
  const fingerprint = (): string => JSON.stringify(requestHeaders({ setting, credential }))
  const connector = mcpConnector({ setting, transport, credential, fetch, connectMs })

  /** Runs `work` on a connection; once more on a new one when the server no longer knows the session. */
  const onConnection = async <T>({
    action,
    signal,
    work,
  }: {
    action: string
    signal: AbortSignal
    work: (connection: McpConnection) => Promise<T>
  }): Promise<T> => {
    const attempt = async (): Promise<T> => {
      const connection = await connector.connect(signal)
      try {
        return await work(connection)
      } catch (error) {
        if (isLost(error)) {
          connector.drop(connection)
          void connection.close()
        }
        throw error
      }
    }
    try {
      signal.throwIfAborted()
      const sent = fingerprint()
      return await attempt().catch((error: unknown) => {
        // Both refuse a request unread, so sending it again is not a second call: a forgotten session, and a credential
        // that has been replaced meanwhile.
        const status = httpStatus(error)
        const again = status === 404 || (isUnauthorized(status) && fingerprint() !== sent)
        if (!again || signal.aborted) throw error
        return attempt()
      })
    } catch (error) {
      throw serverFailure({ error, signal, server: setting.name, url: setting.url, action })
    }
  }

  return {
    name: setting.name,
    listTools: ({ signal }) =>
      onConnection({
        action: 'list the tools',
        signal,
        work: async (connection) => {
          const { client } = connection
          dialect = dialectOf(connection)
          const tools: ToolDefinition[] = []
          let cursor: string | undefined
          for (let page = 0; page < MAX_PAGES; page += 1) {
            const result = await client.request(
              { method: 'tools/list', params: cursor === undefined ? {} : { cursor } },
              { signal, timeout: listMs },
            )
            tools.push(...result.tools.map(definitionOf))
            cursor = result.nextCursor
            if (cursor === undefined) break
          }
          return tools
        },
      }),
    callTool: async ({ tool, arguments: args, idempotencyKey, signal }) => {
      const scope: CallScope = { exceeded: false }
      try {
        return await onConnection({
          action: `call "${tool}"`,
          signal,
          work: ({ client }) =>
            callScopes.run(scope, async () => {
              const params = {
                name: tool,
                arguments: { ...args },
                _meta: { [IDEMPOTENCY_KEY]: idempotencyKey },
              }
              try {
                const result = await client.request(
                  { method: 'tools/call', params },
                  { signal, timeout: callMs },
                )
                return toResult(result)
              } catch (error) {
                if (asksForInput(error)) return inputRefused
                throw error
              }
            }),
        })
      } catch (error) {
        if (scope.exceeded) return tooLarge
        throw error
      }
    },
    close: () => connector.close(),
    dialect: () => dialect,
  }
}

const dialectOf = ({ client, transport, url }: McpConnection): SpokenDialect => {
  const [revision, era] = [client.getNegotiatedProtocolVersion(), client.getProtocolEra()]
  return {
    transport,
    url: url.href,
    ...(revision === undefined || era === undefined ? {} : { protocol: { revision, era } }),
  }
}

const definitionOf = (tool: {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema: unknown
  readonly annotations?:
    | {
        readonly readOnlyHint?: boolean | undefined
        readonly idempotentHint?: boolean | undefined
        readonly destructiveHint?: boolean | undefined
      }
    | undefined
}): ToolDefinition => {
  const { readOnlyHint, idempotentHint, destructiveHint } = tool.annotations ?? {}
  return {
    name: tool.name,
    description: tool.description ?? '',
    inputSchema: tool.inputSchema as Readonly<Record<string, unknown>>,
    ...(tool.annotations && {
      annotations: {
        ...(readOnlyHint !== undefined && { readOnlyHint }),
        ...(idempotentHint !== undefined && { idempotentHint }),
        ...(destructiveHint !== undefined && { destructiveHint }),
      },
    }),
  }
}

const toResult = (result: {
  readonly content: readonly { readonly type: string }[]
  readonly structuredContent?: unknown
  readonly isError?: boolean | undefined
}): ToolResult => ({ text: resultText(result), isError: result.isError === true, truncated: false })

const tooLarge: ToolResult = {
  text: `the tool answered with more than ${READ_CAP_BYTES / 1024 / 1024} MiB, which was not read; ask for less`,
  isError: true,
  truncated: true,
}

const inputRefused: ToolResult = {
  text: 'the tool asked for input from a person, and nobody is attached to this agent; the call was not completed',
  isError: true,
  truncated: false,
}

const asksForInput = (error: unknown): boolean =>
  SdkError.isInstance(error) &&
  error.code === SdkErrorCode.UnsupportedResultType &&
  /input_required/.test(`${error.message} ${JSON.stringify(error.data ?? '')}`)

const isUnauthorized = (status: number | undefined): boolean => status === 401 || status === 403

/** Whether the connection is of no more use. */
const isLost = (error: unknown): boolean =>
  httpStatus(error) === 404 ||
  (SdkError.isInstance(error) &&
    (error.code === SdkErrorCode.ConnectionClosed || error.code === SdkErrorCode.NotConnected))
