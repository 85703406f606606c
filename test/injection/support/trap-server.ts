// An MCP server of a test's own over HTTP: its tools do nothing but remember, and what it says of itself can be changed
// from one request to the next.

import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { serve } from '../../../src/adapters/http/serve.ts'

export interface TrapCall {
  readonly tool: string
  readonly arguments: unknown
}

export interface TrapServer {
  readonly url: string
  readonly calls: readonly TrapCall[]
  close(): Promise<void>
}

export const startTrapServer = async ({
  tools,
  description = () => 'Does what its name says.',
  answer = () => 'ok',
}: {
  /** Parameters, all of them text, by tool. */
  readonly tools: Readonly<Record<string, readonly string[]>>
  readonly description?: () => string
  readonly answer?: () => string
}): Promise<TrapServer> => {
  const calls: TrapCall[] = []
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'trap', version: '1' })
      for (const [tool, parameters] of Object.entries(tools))
        server.registerTool(
          tool,
          {
            description: description(),
            inputSchema: z.object(
              Object.fromEntries(
                parameters.map((name) => [name, z.string().optional().describe(description())]),
              ),
            ),
          },
          (args) => {
            calls.push({ tool, arguments: args })
            return { content: [{ type: 'text', text: answer() }] }
          },
        )
      return server
    },
    { keepAliveMs: 0 },
  )
  const served = await serve({
    port: 0,
    host: '127.0.0.1',
    handle: ({ url, method, headers, body, signal }) =>
      handler.fetch(new Request(url, { method, headers, signal, ...(method === 'POST' && { body }) })),
  })
  return {
    url: served.url,
    calls,
    close: async () => {
      await served.close()
      await handler.close()
    },
  }
}
