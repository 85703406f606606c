import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import {
  createMcpHandler,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

import { isKubeswarmError, type KubeswarmError } from '../../domain/error.ts'
import type { SecretFile, ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import type { ToolServer } from '../../ports/tool-server.ts'
import { createFetch } from '../http/create-fetch.ts'
import { serve, type ServedRequest } from '../http/serve.ts'
import { connectToolServer } from './connect-tool-server.ts'
import type { ConnectedToolServer } from './mcp-tool-server.ts'
import type { Credential } from './request-headers.ts'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

const listen = async (handle: (request: ServedRequest) => Response | Promise<Response>): Promise<string> => {
  const server = await serve({ port: 0, host: '127.0.0.1', handle: async (request) => handle(request) })
  open.push(server)
  return server.url
}

const connect = (
  url: string,
  {
    timeouts = {},
    credential = () => undefined,
    ...setting
  }: Partial<ToolServerSetting> & {
    timeouts?: Parameters<typeof connectToolServer>[0]['timeouts']
    credential?: Credential
  } = {},
): ConnectedToolServer => {
  const http = createFetch()
  const server = connectToolServer({
    setting: { name: 'tools', url, transport: 'auto', onUnavailable: 'fail', headers: [], ...setting },
    credential,
    fetch: http.fetch,
    timeouts,
  })
  open.push(http, server)
  return server
}

const signal = new AbortController().signal
const fileOf = (file: string): SecretFile => ({ file, secret: `secret-of-${file}`, key: 'token' })
const call = (server: ToolServer, tool = 'echo', args: Record<string, unknown> = { text: 'hi' }) =>
  server.callTool({ tool, arguments: args, idempotencyKey: 'key-1', signal })

const failure = async (work: Promise<unknown>): Promise<KubeswarmError> => {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (cause: unknown) => cause,
  )
  if (!isKubeswarmError(error)) throw error
  return error
}

/** A real MCP server with one tool, made anew for each request or session. */
const echoServer = (answer: (text: string, key: unknown) => Record<string, unknown>): McpServer => {
  const server = new McpServer({ name: 'echo', version: '1' })
  server.registerTool(
    'echo',
    {
      description: 'Says it again.',
      inputSchema: z.object({ text: z.string() }),
      annotations: { readOnlyHint: true, idempotentHint: true },
    },
    ({ text }, { mcpReq }) => answer(text, mcpReq._meta?.['kubeswarm.io/idempotency-key']) as never,
  )
  return server
}
const echoText = (text: string, key: unknown) => ({
  content: [{ type: 'text', text: `${text} ${String(key)}` }],
})

const webRequest = ({ url, method, headers, body, signal: gone }: ServedRequest): Request =>
  new Request(url, { method, headers, signal: gone, ...(method === 'POST' && { body }) })

const both = (answer = echoText, seen: ServedRequest[] = [], path = '/mcp') => {
  const handler = createMcpHandler(() => echoServer(answer), { keepAliveMs: 0 })
  return (request: ServedRequest) => {
    seen.push(request)
    if (request.url.pathname !== path) return new Response('nothing here', { status: 404 })
    return handler.fetch(webRequest(request))
  }
}

/** A server of the older era that keeps sessions; `forget` makes it lose them. */
const sessions = () => {
  const known = new Map<string, WebStandardStreamableHTTPServerTransport>()
  let initialized = 0
  const handle = async (request: ServedRequest): Promise<Response> => {
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    const message = JSON.parse(request.body) as { method: string; id?: number }
    if (message.method === 'server/discover')
      return Response.json({
        jsonrpc: '2.0',
        id: message.id,
        error: { code: -32601, message: 'Method not found' },
      })
    const id = request.headers.get('mcp-session-id')
    const transport = id === null ? undefined : known.get(id)
    if (id !== null && transport === undefined) return new Response('unknown session', { status: 404 })
    if (transport !== undefined) return transport.handleRequest(webRequest(request))
    initialized += 1
    const fresh = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => `s${initialized}`,
      onsessioninitialized: (session) => void known.set(session, fresh),
    })
    await echoServer(echoText).connect(fresh)
    return fresh.handleRequest(webRequest(request))
  }
  return { handle, forget: () => known.clear(), initialized: () => initialized }
}

describe('an MCP server', () => {
  it('F54 is known by where it answers, its transport and its era once it was listed', async () => {
    const [modern, legacy] = [await listen(both()), await listen(sessions().handle)]
    const server = connect(modern)
    expect(server.dialect()).toBeUndefined()
    await server.listTools({ signal })
    expect(server.dialect()).toMatchObject({
      transport: 'streamable-http',
      url: `${modern}/mcp`,
      protocol: { era: 'modern' },
    })
    const older = connect(legacy)
    await older.listTools({ signal })
    expect(older.dialect()).toMatchObject({ protocol: { era: 'legacy' } })
  })

  it('F54 of the newer era: lists, calls, and gets the idempotency key', async () => {
    const server = connect(await listen(both()))
    expect(await server.listTools({ signal })).toEqual([
      {
        name: 'echo',
        description: 'Says it again.',
        inputSchema: expect.objectContaining({ type: 'object', required: ['text'] }) as object,
        annotations: { readOnlyHint: true, idempotentHint: true },
      },
    ])
    expect(await call(server)).toEqual({ text: 'hi key-1', isError: false, truncated: false })
  })

  it('F54 of the older era: a lost session is replaced and the call made once', async () => {
    const { handle, forget, initialized } = sessions()
    const server = connect(await listen(handle))
    expect((await call(server)).text).toBe('hi key-1')
    forget()
    expect((await call(server)).text).toBe('hi key-1')
    expect(initialized()).toBe(2)
  })

  it.each(['/mcp', '/'])('is found at %s behind a bare URL, and sought only once', async (path) => {
    const seen: ServedRequest[] = []
    const server = connect(await listen(both(echoText, seen, path)))
    await server.listTools({ signal })
    const misses = seen.filter(({ url }) => url.pathname !== path).length
    await call(server)
    await call(server)
    expect(seen.filter(({ url }) => url.pathname !== path)).toHaveLength(misses)
  })

  it('F54 speaks SSE where POST is not taken', async () => {
    const server = connect(await sseServer())
    expect((await server.listTools({ signal })).map(({ name }) => name)).toEqual(['echo'])
    expect((await call(server)).text).toBe('hi over SSE')
    const again = connect(`${await sseServer()}/sse`, { transport: 'sse' })
    expect((await call(again)).text).toBe('hi over SSE')
  })

  it('stops seeking at a refused credential', async () => {
    const seen: string[] = []
    const url = await listen(({ url: asked }) => {
      seen.push(asked.pathname)
      return new Response(null, { status: 401 })
    })
    const error = await failure(connect(url).listTools({ signal }))
    expect(error).toMatchObject({ code: 'ToolServerUnauthorized', retryable: false })
    expect(new Set(seen)).toEqual(new Set(['/mcp']))
  })

  it('F52 F53 sends the credential in the header and scheme of its setting, read anew', async () => {
    const seen: ServedRequest[] = []
    let secret = 'one'
    const server = connect(await listen(both(echoText, seen)), {
      auth: { header: 'Authorization', scheme: 'Token token=', valueFrom: fileOf('PD') },
      headers: [
        { name: 'X-Org', value: '7' },
        { name: 'X-Key', valueFrom: fileOf('KEY') },
      ],
      credential: ({ file }) => (file === 'PD' ? `${secret}\r\n` : 'k'),
    })
    await call(server)
    secret = 'two'
    await call(server)
    expect(seen[0]?.headers.get('authorization')).toBe('Token token=one')
    expect(seen.at(-1)?.headers.get('authorization')).toBe('Token token=two')
    expect(seen.at(-1)?.headers.get('x-org')).toBe('7')
    expect(seen.at(-1)?.headers.get('x-key')).toBe('k')
  })

  it('a missing secret is named and nothing is sent', async () => {
    const seen: ServedRequest[] = []
    const auth = { header: 'Authorization', scheme: 'Bearer', valueFrom: fileOf('NOPE') }
    const error = await failure(connect(await listen(both(echoText, seen)), { auth }).listTools({ signal }))
    expect(error.code).toBe('ToolServerUnauthorized')
    expect(error.message).toContain('NOPE')
    expect(seen).toEqual([])
  })

  it.each(['auto', 'legacy-rest'] as const)(
    'F52 a call that is refused because its credential was replaced meanwhile is made once more, with the new one (%s)',
    async (transport) => {
      const calls: (string | null)[] = []
      let held = 'old'
      const answer = both(echoText)
      const url = await listen((request) => {
        if (request.url.pathname.includes('call') || request.body.includes('tools/call')) {
          calls.push(request.headers.get('authorization'))
          if (request.headers.get('authorization') !== 'Bearer new') {
            // The file in the pod follows the Secret a moment later than the server.
            held = 'new'
            return new Response(null, { status: 401 })
          }
          if (transport === 'legacy-rest') return Response.json({ result: 'done' })
        }
        return answer(request)
      })
      const auth = { header: 'Authorization', scheme: 'Bearer', valueFrom: fileOf('T') }
      const server = connect(url, { auth, transport, credential: () => held })
      expect(await call(server)).toMatchObject({ isError: false })
      expect(calls).toEqual(['Bearer old', 'Bearer new'])
    },
  )

  it('F52 a credential that is refused and has not changed is tried once, and the Secret is to be looked at', async () => {
    let calls = 0
    const url = await listen(() => ((calls += 1), new Response(null, { status: 401 })))
    const auth = { header: 'Authorization', scheme: 'Bearer', valueFrom: fileOf('T') }
    const error = await failure(
      call(connect(url, { auth, transport: 'streamable-http', credential: () => 'x' })),
    )
    expect(error.code).toBe('ToolServerUnauthorized')
    expect(calls).toBe(1)
  })

  it('F53 a server never gets another one’s credential, also when both are at the same address', async () => {
    const seen: ServedRequest[] = []
    const url = await listen(both(echoText, seen))
    const withToken = (file: string) =>
      connect(url, {
        auth: { header: 'Authorization', scheme: 'Bearer', valueFrom: fileOf(file) },
        credential: ({ file: asked }) => `token of ${asked}`,
      })
    await call(withToken('a'))
    const before = seen.length
    await call(withToken('b'))
    const headers = (some: readonly ServedRequest[]) =>
      new Set(some.map((each) => each.headers.get('authorization')))
    expect(headers(seen.slice(0, before))).toEqual(new Set(['Bearer token of a']))
    expect(headers(seen.slice(before))).toEqual(new Set(['Bearer token of b']))
  })

  it('F70 a credential of several lines is refused by name of its Secret, and never shown', async () => {
    const auth = { header: 'Authorization', scheme: 'Bearer', valueFrom: fileOf('T') }
    const server = connect('http://127.0.0.1:9', { auth, credential: () => 'abc\r\nX-Evil: 1' })
    const error = await failure(call(server))
    expect(error).toMatchObject({ code: 'ToolServerUnauthorized' })
    expect(error.message).toContain('Secret "secret-of-T", key "token"')
    expect(error.message).not.toContain('abc')
  })

  it('F51 neither follows a redirect nor takes a credential to another origin', async () => {
    const seen: ServedRequest[] = []
    const target = await listen((request) => {
      seen.push(request)
      return new Response(null, { status: 500 })
    })
    const url = await listen(
      () => new Response(null, { status: 307, headers: { location: `${target}/mcp` } }),
    )
    const auth = { header: 'Authorization', scheme: 'Bearer', valueFrom: fileOf('T') }
    const error = await failure(connect(url, { auth, credential: () => 'secret' }).listTools({ signal }))
    expect(error.code).toBe('ToolServerProtocol')
    expect(seen).toEqual([])
  })
})

describe('a result', () => {
  const answering = async (result: Record<string, unknown>) =>
    call(connect(await listen(both(() => result as never))))

  it('F43 F44 is joined text without control characters; other parts are named; errors are told', async () => {
    expect(
      await answering({
        content: [
          { type: 'text', text: 'red \u001b[31malert\u001b[0m\u0007' },
          { type: 'text', text: 'two\r\nlines' },
          { type: 'image', mimeType: 'image/png', data: 'AAAA' },
        ],
        isError: true,
      }),
    ).toEqual({
      text: 'red alert\ntwo\nlines\n[image image/png, 4 characters of base64, not shown]',
      isError: true,
      truncated: false,
    })
  })

  it('falls back to structured content', async () => {
    expect((await answering({ content: [], structuredContent: { a: 1 } })).text).toBe('{"a":1}')
  })

  it('F43 larger than the cap is not read to its end', async () => {
    const text = 'x'.repeat(11 * 1024 * 1024)
    expect(await answering({ content: [{ type: 'text', text }] })).toMatchObject({
      isError: true,
      truncated: true,
    })
  })

  it('F44 a question for a person is refused', async () => {
    const url = await listen(async (request) => {
      const { id, method } = JSON.parse(request.body || '{}') as { id?: number; method?: string }
      if (method !== 'tools/call')
        return both()(Object.assign(request, { url: new URL('/mcp', request.url) }))
      const meta = { 'io.modelcontextprotocol/serverInfo': { name: 'x', version: '1' } }
      return Response.json({
        jsonrpc: '2.0',
        id,
        result: {
          resultType: 'input_required',
          inputRequests: {
            who: {
              method: 'elicitation/create',
              params: {
                mode: 'form',
                message: 'password?',
                requestedSchema: { type: 'object', properties: {} },
              },
            },
          },
          _meta: meta,
        },
      })
    })
    expect(await call(connect(url))).toMatchObject({
      isError: true,
      text: expect.stringContaining('person') as string,
    })
  })

  it('F44 an unknown tool is a protocol error or a tool error, never a success', async () => {
    const outcome = await call(connect(await listen(both())), 'écho').catch((error: unknown) => error)
    expect(isKubeswarmError(outcome) ? outcome.code : (outcome as { isError: boolean }).isError).not.toBe(
      false,
    )
  })
})

describe('a server that fails', () => {
  it('F40 is unavailable when nothing listens, and the cause says that nothing was sent', async () => {
    const error = await failure(call(connect('http://127.0.0.1:9')))
    expect(error).toMatchObject({ code: 'ToolServerUnavailable', retryable: true })
    expect(causeCodes(error)).toContain('ECONNREFUSED')
  })

  it('F40 comes back without a new agent', async () => {
    let down = true
    const working = both()
    const server = connect(
      await listen((request) => (down ? new Response(null, { status: 503 }) : working(request))),
    )
    expect(await failure(call(server))).toMatchObject({ code: 'ToolServerUnavailable' })
    down = false
    expect((await call(server)).isError).toBe(false)
  })

  it('F41 is a timeout when it hangs in a call, and when it hangs at the start', async () => {
    const working = both()
    const hang = () => new Promise<Response>(() => undefined)
    const inCall = connect(
      await listen((request) => (request.body.includes('tools/call') ? hang() : working(request))),
      { timeouts: { callMs: 100 } },
    )
    expect(await failure(call(inCall))).toMatchObject({ code: 'ToolTimeout' })
    expect(await failure(call(connect(await listen(hang), { timeouts: { connectMs: 100 } })))).toMatchObject({
      code: 'ToolTimeout',
    })
  })

  it('F42 a call cut in the middle fails and is not sent again', async () => {
    const working = both()
    let calls = 0
    const server = connect(
      await listen((request) => {
        if (!request.body.includes('tools/call')) return working(request)
        calls += 1
        request.cut()
        return new Response()
      }),
    )
    expect(await failure(call(server))).toMatchObject({ code: 'ToolServerUnavailable' })
    expect(calls).toBe(1)
  })

  it('F44 is told apart when it answers with a web page', async () => {
    const url = await listen(
      () => new Response('<html></html>', { headers: { 'content-type': 'text/html' } }),
    )
    expect(await failure(connect(url).listTools({ signal }))).toMatchObject({ code: 'ToolServerProtocol' })
  })

  it('ends with the reason of the signal', async () => {
    const stop = new AbortController()
    const working = both()
    const server = connect(
      await listen((request) =>
        request.body.includes('tools/call') ? new Promise<Response>(() => undefined) : working(request),
      ),
    )
    const work = server.callTool({
      tool: 'echo',
      arguments: { text: 'x' },
      idempotencyKey: 'k',
      signal: stop.signal,
    })
    setTimeout(() => stop.abort(), 50)
    expect(await failure(work)).toMatchObject({ code: 'TaskCancelled' })
  })

  it('a setting without a usable URL is refused at once', () => {
    expect(() => connect('ftp://x')).toThrow(/ftp/)
  })
})

describe('the legacy REST dialect', () => {
  const rest =
    (paths: Readonly<Record<string, (request: ServedRequest) => Response>>) =>
    (request: ServedRequest): Response =>
      paths[`${request.method} ${request.url.pathname}`]?.(request) ?? new Response('no', { status: 404 })
  const tools = () =>
    Response.json({ tools: [{ name: 'echo', parameters: { type: 'object', required: ['text'] } }] })
  const connectRest = async (paths: Parameters<typeof rest>[0]) =>
    connect(await listen(rest(paths)), { transport: 'legacy-rest' })

  it('lists tools as a list or in an object, and calls at either path', async () => {
    const seen: ServedRequest[] = []
    const server = await connectRest({
      'GET /tools': tools,
      'POST /call': (request) => {
        seen.push(request)
        return Response.json({ result: { ok: true } })
      },
    })
    expect(await server.listTools({ signal })).toEqual([
      { name: 'echo', description: '', inputSchema: { type: 'object', required: ['text'] } },
    ])
    expect(await call(server)).toEqual({ text: '{"ok":true}', isError: false, truncated: false })
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ name: 'echo', arguments: { text: 'hi' } })
    expect(seen[0]?.headers.get('idempotency-key')).toBe('key-1')
    const bare = await connectRest({ 'GET /tools': () => Response.json([{ name: 'a' }]) })
    expect((await bare.listTools({ signal })).map(({ name }) => name)).toEqual(['a'])
  })

  it.each([
    ['content', () => Response.json({ content: [{ type: 'text', text: 'hello' }] }), 'hello', false],
    [
      'a content error',
      () => Response.json({ content: [{ type: 'text', text: 'no' }], isError: true }),
      'no',
      true,
    ],
    ['an error', () => Response.json({ error: 'no such channel' }), 'no such channel', true],
    ['a status', () => new Response('bad argument', { status: 422 }), 'bad argument', true],
    ['other JSON', () => Response.json({ posted: 1 }), '{"posted":1}', false],
    ['text', () => new Response('plain'), 'plain', false],
  ] as const)('reads %s', async (_, answer, text, isError) => {
    const server = await connectRest({ 'GET /tools': tools, 'POST /tools/call': answer })
    expect(await call(server)).toEqual({ text, isError, truncated: false })
  })

  it('F40 tells failures apart', async () => {
    const failing = (status: number) =>
      connectRest({
        'GET /tools': () => new Response(null, { status }),
        'POST /tools/call': () => new Response(null, { status }),
      })
    expect(await failure(call(await failing(500)))).toMatchObject({ code: 'ToolServerUnavailable' })
    expect(await failure(call(await failing(401)))).toMatchObject({ code: 'ToolServerUnauthorized' })
    expect(await failure((await failing(404)).listTools({ signal }))).toMatchObject({
      code: 'ToolServerProtocol',
    })
  })
})

const causeCodes = (error: unknown): readonly unknown[] => {
  const codes: unknown[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    codes.push((cause as { code?: unknown }).code)
  return codes
}

/** The oldest transport, by hand: a GET stream that names where to POST, and carries the answers. */
const sseServer = async (): Promise<string> => {
  let stream: ServerResponse | undefined
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/sse') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: endpoint\ndata: /messages?session=1\n\n')
      stream = response
      return
    }
    if (request.method !== 'POST' || request.url !== '/messages?session=1') {
      response.writeHead(request.url === '/sse' ? 405 : 404).end()
      return
    }
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      response.writeHead(202).end()
      const message = JSON.parse(body) as {
        id?: number
        method: string
        params?: { arguments?: { text: string } }
      }
      if (message.id === undefined) return
      const answer = sseAnswer(message)
      stream?.write(
        `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer })}\n\n`,
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const sseAnswer = ({ method, params }: { method: string; params?: { arguments?: { text: string } } }) => {
  switch (method) {
    case 'initialize':
      return {
        result: {
          protocolVersion: '2024-11-05',
          capabilities: { tools: {} },
          serverInfo: { name: 'old', version: '1' },
        },
      }
    case 'tools/list':
      return { result: { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] } }
    case 'tools/call':
      return { result: { content: [{ type: 'text', text: `${params?.arguments?.text ?? ''} over SSE` }] } }
    default:
      return { error: { code: -32601, message: 'Method not found' } }
  }
}
