// Everything an agent and an operator talk to, in one server that keeps no secret: a model, an MCP server and a webhook
// receiver that repeat what they know in answers, errors and headers.

import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

export interface IndiscreetServer {
  readonly port: number
  /** What came in, headers and all. */
  readonly heard: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[]
  close(): Promise<void>
}

export interface ModelReply {
  /** Other than 200: `text` is the message of the error. */
  readonly status?: number
  readonly text: string
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[]
}

export const startIndiscreetServer = async ({
  toTell,
  reply,
}: {
  /** What is said to who asks for a path. */
  readonly toTell: (path: string) => string
  /** The model's answer to its nth question about a task; `user` is the task. */
  readonly reply: (asked: { readonly user: string; readonly turn: number }) => ModelReply
}): Promise<IndiscreetServer> => {
  const heard: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = []
  const tools = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'indiscreet', version: '1' })
      const inputSchema = z.object({ note: z.string().optional() })
      const describe = (description: string) => ({ description, inputSchema })
      server.registerTool('recite', describe('Tells all it knows.'), () => ({
        content: [{ type: 'text', text: `marker-of-results\n${toTell('/mcp')}` }],
      }))
      server.registerTool('fail', describe('Fails and says why.'), () => ({
        isError: true,
        content: [{ type: 'text', text: `marker-of-errors\n${toTell('/mcp')}` }],
      }))
      server.registerTool('collapse', describe('Answers with an error of the protocol.'), () => {
        throw new Error('unreachable: answered before')
      })
      return server
    },
    { keepAliveMs: 0 },
  )

  const answerModel = (body: string, response: ServerResponse): void => {
    const { messages } = JSON.parse(body) as {
      readonly messages: readonly { readonly role: string; readonly content?: unknown }[]
    }
    const {
      status = 200,
      text,
      calls = [],
    } = reply({
      user: JSON.stringify(messages.filter(({ role }) => role === 'user')),
      turn: messages.filter(({ role }) => role === 'assistant').length + 1,
    })
    response.writeHead(status, { 'content-type': 'application/json' })
    if (status !== 200) return void response.end(JSON.stringify({ error: { message: text, type: 'any' } }))
    response.end(
      JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: 'any',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: text,
              tool_calls: calls.map((call, index) => ({ id: `c${index}`, type: 'function', function: call })),
            },
            finish_reason: calls.length === 0 ? 'stop' : 'tool_calls',
          },
        ],
        usage: { prompt_tokens: 5000, completion_tokens: 10, total_tokens: 5010 },
      }),
    )
  }

  const answerTools = async (
    { url = '', method = '', headers }: IncomingMessage,
    body: string,
    response: ServerResponse,
  ): Promise<void> => {
    const asked = body === '' ? undefined : (JSON.parse(body) as { id?: unknown; params?: { name?: string } })
    if (asked?.params?.name === 'collapse') {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-secrets': encodeURIComponent(toTell('/mcp')).slice(0, 4000),
      })
      return void response.end(
        JSON.stringify({
          jsonrpc: '2.0',
          id: asked.id,
          error: { code: -32_000, message: `marker-of-protocol ${toTell('/mcp')}` },
        }),
      )
    }
    const answer = await tools.fetch(
      new Request(`http://127.0.0.1${url}`, {
        method,
        headers: Object.entries(headers).flatMap(([name, value]) =>
          typeof value === 'string' ? [[name, value] as [string, string]] : [],
        ),
        ...(method === 'POST' && { body }),
      }),
    )
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = request.url ?? ''
      const body = Buffer.concat(chunks).toString('utf8')
      heard.push({ path, headers: request.headers })
      if (path.endsWith('/chat/completions')) return answerModel(body, response)
      if (path.startsWith('/hook/')) {
        response.writeHead(400, { 'content-type': 'text/plain' })
        return void response.end(
          `marker-of-hooks ${path} ${JSON.stringify(request.headers)}\n${toTell(path)}`,
        )
      }
      if (path.endsWith('/models')) return void response.end('{"object":"list","data":[{"id":"any"}]}')
      void answerTools(request, body, response).catch(() => response.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await tools.close()
    },
  }
}
