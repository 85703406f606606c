// The `legacy-rest` dialect: plain JSON over HTTP, as small hand-written tool servers speak it. Documented here, because
// no standard does:
//   GET  <url>/tools       → [tool, …] or {"tools": [tool, …]}, tool = {name, description?, inputSchema? | parameters?}
//   POST <url>/tools/call  ← {"name": …, "arguments": {…}}     (or <url>/call, where the former does not exist)
//                          → {"content": [{"type":"text","text":…}], "isError"?} | {"result": …} | {"error": …} | JSON
// A 4xx status is a tool's error. There are no annotations: every tool counts as writing.

import { z } from 'zod'

import { KubeswarmError } from '../../domain/error.ts'
import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import type { ToolDefinition, ToolResult } from '../../ports/tool-server.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { callScopes, guardedFetch, READ_CAP_BYTES, type CallScope } from './guarded-fetch.ts'
import type { ConnectedToolServer, ToolServerTimeouts } from './mcp-tool-server.ts'
import { requestHeaders, type Credential } from './request-headers.ts'
import { printable, resultText } from './result-text.ts'
import { serverFailure } from './server-failure.ts'

const toolSchema = z.looseObject({
  name: z.string().min(1),
  description: z.string().default(''),
  inputSchema: z.record(z.string(), z.unknown()).optional(),
  input_schema: z.record(z.string(), z.unknown()).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
})
const listSchema = z.union([z.array(toolSchema), z.looseObject({ tools: z.array(toolSchema) })])
const contentSchema = z.looseObject({
  content: z.array(z.looseObject({ type: z.string() })),
  isError: z.boolean().optional(),
})

export const legacyRestToolServer = ({
  setting,
  credential,
  fetch,
  timeouts: { listMs, callMs },
}: {
  readonly setting: ToolServerSetting
  readonly credential: Credential
  readonly fetch: Fetch
  readonly timeouts: ToolServerTimeouts
}): ConnectedToolServer => {
  const base = setting.url.replace(/\/+$/, '')
  const send = guardedFetch({
    fetch,
    origin: new URL(setting.url).origin,
    headers: () => requestHeaders({ setting, credential }),
    standingChannel: true,
  })
  const fingerprint = (): string => JSON.stringify(requestHeaders({ setting, credential }))
  let callPath: '/tools/call' | '/call' = '/tools/call'

  const ask = async ({
    path,
    action,
    signal,
    init,
  }: {
    path: string
    action: string
    signal: AbortSignal
    init: RequestInit
  }): Promise<{ readonly status: number; readonly text: string }> => {
    const context = { server: setting.name, url: setting.url, action }
    try {
      const response = await send(base + path, { ...init, signal })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      throw serverFailure({ error, signal, ...context })
    }
  }

  const refuse = ({ action, status }: { action: string; status: number }): KubeswarmError => {
    const unauthorized = status === 401 || status === 403
    const unavailable = status >= 500 || status === 429
    return new KubeswarmError({
      code: unauthorized
        ? 'ToolServerUnauthorized'
        : unavailable
          ? 'ToolServerUnavailable'
          : 'ToolServerProtocol',
      message: `cannot ${action} on tool server "${setting.name}" at ${setting.url}: it answered HTTP ${status}`,
      remedy: unauthorized
        ? 'check tools.mcp[].auth and the Secret it names'
        : 'check tools.mcp[].url, and that the server speaks the legacy-rest dialect',
      retryable: unavailable,
    })
  }

  return {
    name: setting.name,
    listTools: async ({ signal }) => {
      const action = 'list the tools'
      const { status, text } = await ask({
        path: '/tools',
        action,
        signal: AbortSignal.any([signal, AbortSignal.timeout(listMs)]),
        init: { headers: { accept: 'application/json' } },
      })
      if (status !== 200) throw refuse({ action, status })
      const list = listSchema.safeParse(jsonOf(text))
      if (!list.success) throw refuse({ action, status })
      const tools = Array.isArray(list.data) ? list.data : list.data.tools
      return tools.map((tool): ToolDefinition => ({
        name: tool.name,
        description: tool.description,
        inputSchema: tool.inputSchema ?? tool.input_schema ?? tool.parameters ?? { type: 'object' },
      }))
    },
    callTool: async ({ tool, arguments: args, idempotencyKey, signal }) => {
      const action = `call "${tool}"`
      const scope: CallScope = { exceeded: false }
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(callMs)])
      const post = () =>
        ask({
          path: callPath,
          action,
          signal: bounded,
          init: {
            method: 'POST',
            headers: {
              'content-type': 'application/json',
              accept: 'application/json',
              'idempotency-key': idempotencyKey,
            },
            body: JSON.stringify({ name: tool, arguments: args }),
          },
        })
      try {
        return await callScopes.run(scope, async () => {
          const sent = fingerprint()
          let answer = await post()
          // Refused unread: sending it again with the new credential is not a second call.
          if ((answer.status === 401 || answer.status === 403) && fingerprint() !== sent)
            answer = await post()
          if ((answer.status === 404 || answer.status === 405) && callPath === '/tools/call') {
            callPath = '/call'
            answer = await post()
          }
          const { status, text } = answer
          if (status === 401 || status === 403 || status === 429 || status >= 500)
            throw refuse({ action, status })
          return status >= 400
            ? { text: printable(text) || `HTTP ${status}`, isError: true, truncated: false }
            : read(text)
        })
      } catch (error) {
        if (!scope.exceeded) throw error
        const size = `${READ_CAP_BYTES / 1024 / 1024} MiB`
        return {
          text: `the tool answered with more than ${size}, which was not read`,
          isError: true,
          truncated: true,
        }
      }
    },
    close: () => Promise.resolve(),
    dialect: () => ({ transport: 'legacy-rest', url: setting.url }),
  }
}

const read = (text: string): ToolResult => {
  const value = jsonOf(text)
  const content = contentSchema.safeParse(value)
  if (content.success) {
    return { text: resultText(content.data), isError: content.data.isError === true, truncated: false }
  }
  const plain = (answer: unknown, isError: boolean): ToolResult => ({
    text: printable(typeof answer === 'string' ? answer : JSON.stringify(answer)),
    isError,
    truncated: false,
  })
  if (value === undefined) return plain(text, false)
  if (typeof value === 'object' && value !== null) {
    if ('error' in value && value.error !== null && value.error !== undefined) return plain(value.error, true)
    if ('result' in value) return plain(value.result ?? null, false)
  }
  return plain(value, false)
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
