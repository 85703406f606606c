// A mock PagerDuty, Grafana or Slack: a real MCP server (both protocol eras, at `/mcp` and at `/`) whose answers come
// from scenario files, with a ledger and faults behind a control port.

import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'

import type * as mcpSdk from '@modelcontextprotocol/server'

import { serve, type ServedRequest } from '../http/serve.ts'
import { controlRoutes } from './control.ts'
import { createFaults, type Fault, type Faults } from './faults.ts'
import { grafanaTools } from './grafana.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { MockTool, MockToolResult } from './mock-tool.ts'
import { pagerdutyTools } from './pagerduty.ts'
import { loadScenarios, type Scenario } from './scenario.ts'
import { createSlackWebApi, type SlackWebApi } from './slack-web-api.ts'
import { slackTools } from './slack.ts'

export const mockServerNames = ['grafana', 'pagerduty', 'slack'] as const
export type MockServerName = (typeof mockServerNames)[number]

export interface MockServer {
  readonly url: string
  readonly controlUrl: string
  close(): Promise<void>
}

/** Where a caller puts the key that names a call across retries. */
const IDEMPOTENCY_KEY = 'kubeswarm.io/idempotency-key'

interface CallContext {
  readonly fault: Fault | undefined
  readonly request: ServedRequest
}

export const startMockServer = async ({
  server,
  scenario = 'all',
  port,
  controlPort,
  host,
  log,
  now = Date.now,
}: {
  readonly server: MockServerName
  /** Names or paths, comma-separated; `all` for every built-in one; or scenarios already loaded. */
  readonly scenario?: string | readonly Scenario[]
  readonly port: number
  readonly controlPort: number
  readonly host: string
  readonly log: (line: string) => void
  readonly now?: () => number
}): Promise<MockServer> => {
  const scenarios = typeof scenario === 'string' ? await loadScenarios(scenario) : scenario
  let tools = toolsOf({ server, scenarios, log, now })
  const openSlack = () => (server === 'slack' ? createSlackWebApi({ scenarios, log, now }) : undefined)
  let slack = openSlack()
  const ledger = createLedger({ now })
  const faults = createFaults()
  const context = new AsyncLocalStorage<CallContext>()
  /** The MCP package is most of the start; it loads while the port is already open. */
  let handler: Promise<mcpSdk.McpHttpHandler> | undefined
  const mcp = (): Promise<mcpSdk.McpHttpHandler> => {
    handler ??= import('@modelcontextprotocol/server').then((sdk) =>
      sdk.createMcpHandler(() => mcpServer({ sdk, server, tools, ledger, faults, context }), {
        keepAliveMs: 0,
      }),
    )
    return handler
  }

  const handle = async (request: ServedRequest): Promise<Response> => {
    const { pathname } = request.url
    if (pathname === '/healthz' || pathname === '/readyz') return new Response('ok\n')
    const method = slack?.methodOf(pathname)
    if (slack !== undefined && method !== undefined) return webApi({ slack, method, request, ledger, faults })
    if (pathname !== '/' && pathname !== '/mcp') return new Response('not found\n', { status: 404 })
    const call = toolCall(request.body)
    const fault = call && faults.take(call.tool)
    const forward = () =>
      context.run({ fault, request }, async () => (await mcp()).fetch(webRequest(request)))
    if (call === undefined || fault === undefined || fault.mode === 'error') return forward()
    if (fault.when === 'before' && fault.mode !== 'latency')
      ledger.add({
        tool: call.tool,
        arguments: call.arguments,
        executed: false,
        isError: true,
        result: '',
        fault: fault.mode,
        headers: witnessed(request.headers),
        ...(call.idempotencyKey !== undefined && { idempotencyKey: call.idempotencyKey }),
      })
    return misbehave({ fault, request, forward })
  }

  const control = await serve({
    port: controlPort,
    host,
    handle: controlRoutes({
      ledger,
      faults,
      startOver: () => {
        tools = toolsOf({ server, scenarios, log, now })
        slack = openSlack()
      },
    }),
  })
  const served = await serve({ port, host, handle }).catch(async (error: unknown) => {
    await control.close()
    throw error
  })
  setImmediate(() => void mcp().catch((error: unknown) => log(`cannot serve MCP: ${String(error)}`)))
  return {
    url: served.url,
    controlUrl: control.url,
    close: async () => {
      await Promise.all([served.close(), control.close(), handler?.then((mcp) => mcp.close())])
    },
  }
}

const toolsOf = ({
  server,
  scenarios,
  log,
  now,
}: {
  server: MockServerName
  scenarios: readonly Scenario[]
  log: (line: string) => void
  now: () => number
}): readonly MockTool[] => {
  switch (server) {
    case 'grafana':
      return grafanaTools(scenarios)
    case 'pagerduty':
      return pagerdutyTools({ scenarios, log })
    case 'slack':
      return slackTools({ scenarios, log, now })
  }
}

const mcpServer = ({
  sdk,
  server,
  tools,
  ledger,
  faults,
  context,
}: {
  sdk: typeof mcpSdk
  server: MockServerName
  tools: readonly MockTool[]
  ledger: Ledger
  faults: Faults
  context: AsyncLocalStorage<CallContext>
}): mcpSdk.McpServer => {
  const mcp = new sdk.McpServer({ name: `mock-${server}`, version: '1.0.0' })
  for (const tool of tools) {
    mcp.registerTool(
      tool.name,
      {
        title: tool.title,
        description: faults.description(tool.name) ?? tool.description,
        inputSchema: tool.input,
        annotations: {
          readOnlyHint: tool.readOnly,
          idempotentHint: tool.idempotent,
          destructiveHint: false,
          openWorldHint: !tool.readOnly,
        },
      },
      (input, { mcpReq }) => {
        const call = context.getStore()
        const key = mcpReq._meta?.[IDEMPOTENCY_KEY]
        const failing = call?.fault?.mode === 'error' ? call.fault : undefined
        const result: MockToolResult = failing ? { text: failing.message, isError: true } : tool.run(input)
        ledger.add({
          tool: tool.name,
          arguments: input,
          executed: failing === undefined,
          isError: result.isError,
          result: result.text,
          headers: call ? witnessed(call.request.headers) : {},
          ...(typeof key === 'string' && { idempotencyKey: key }),
          ...(call?.fault && { fault: call.fault.mode }),
        })
        return { content: [{ type: 'text', text: result.text }], isError: result.isError }
      },
    )
  }
  return mcp
}

/** A request to Slack's own interface: as faulty as asked for, and in the ledger like a tool call. */
const webApi = async ({
  slack,
  method,
  request,
  ledger,
  faults,
}: {
  slack: SlackWebApi
  method: string
  request: ServedRequest
  ledger: Ledger
  faults: Faults
}): Promise<Response> => {
  const fault = faults.take(method)
  const body = parsedBody(request.body)
  const seen = {
    tool: method,
    arguments: body,
    headers: witnessed(request.headers),
    ...(fault && { fault: fault.mode }),
  }
  if (fault?.mode === 'error') {
    const [, status = '', retryAfter] = /^HTTP (\d{3})(?: (\d+))?$/.exec(fault.message) ?? []
    ledger.add({ ...seen, executed: false, isError: true, result: fault.message })
    if (status === '') return Response.json({ ok: false, error: fault.message })
    return new Response('', {
      status: Number(status),
      ...(retryAfter && { headers: { 'retry-after': retryAfter } }),
    })
  }
  const forward = (): Promise<Response> => {
    const authorization = request.headers.get('authorization') ?? ''
    const { status, body: answer, isError } = slack.answer({ method, body, authorization })
    ledger.add({ ...seen, executed: !isError, isError, result: answer })
    const type = answer.startsWith('{') ? 'application/json' : 'text/plain'
    return Promise.resolve(new Response(answer, { status, headers: { 'content-type': type } }))
  }
  if (fault === undefined) return forward()
  if (fault.when === 'before' && fault.mode !== 'latency')
    ledger.add({ ...seen, executed: false, isError: true, result: '' })
  return misbehave({ fault, request, forward })
}

const parsedBody = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const misbehave = async ({
  fault,
  request,
  forward,
}: {
  fault: Fault
  request: ServedRequest
  forward: () => Promise<Response>
}): Promise<Response> => {
  const gone = new Promise<void>((resolve) =>
    request.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  if (fault.when === 'after' && fault.mode !== 'latency') {
    const response = await forward()
    await response.text()
  }
  switch (fault.mode) {
    case 'latency':
      await Promise.race([new Promise((resolve) => setTimeout(resolve, fault.ms)), gone])
      return forward()
    case 'hang':
      await gone
      break
    case 'close':
      request.cut()
      break
    case 'error':
      return forward()
  }
  return new Response(null, { status: 503 })
}

interface SeenCall {
  readonly tool: string
  readonly arguments: unknown
  readonly idempotencyKey?: string
}

const toolCall = (body: string): SeenCall | undefined => {
  if (!body.includes('tools/call')) return undefined
  try {
    const message = JSON.parse(body) as {
      method?: unknown
      params?: { name?: unknown; arguments?: unknown; _meta?: Record<string, unknown> }
    }
    if (message.method !== 'tools/call' || typeof message.params?.name !== 'string') return undefined
    const key = message.params._meta?.[IDEMPOTENCY_KEY]
    return {
      tool: message.params.name,
      arguments: message.params.arguments,
      ...(typeof key === 'string' && { idempotencyKey: key }),
    }
  } catch {
    return undefined
  }
}

const webRequest = ({ method, url, headers, body, signal }: ServedRequest): Request =>
  new Request(url, { method, headers, signal, ...(method !== 'GET' && method !== 'HEAD' && { body }) })

/** Headers as evidence: which credential came is told by its fingerprint, never by its value. */
const witnessed = (headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...headers].map(([name, value]) =>
      /authorization|cookie|api-?key|token|secret/i.test(name) ? [name, fingerprint(value)] : [name, value],
    ),
  )

const fingerprint = (value: string): string => {
  const scheme = /^(\S+) /.exec(value)?.[1] ?? ''
  return `${scheme} sha256:${createHash('sha256').update(value).digest('hex').slice(0, 12)}`.trim()
}
