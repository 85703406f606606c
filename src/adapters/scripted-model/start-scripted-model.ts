// The scripted model: an OpenAI-compatible server that follows a script. It serves the demo where no model is found,
// every test, and the CI of users' own pipelines; it is not a model, and its answers say so.

import { setTimeout as sleep } from 'node:timers/promises'

import { serve, type ServedRequest } from '../http/serve.ts'
import { completionBody, completionChunks, countUsage, type Completion } from './completion.ts'
import { chatRequestSchema, readConversation, type ChatRequest, type Conversation } from './conversation.ts'
import { decideTurn, matchingRule } from './decide-turn.ts'
import { misbehave, replyWith, type Reply } from './misbehave.ts'
import { loadScript, type ModelFault, type Rule, type Script } from './script.ts'

export interface ScriptedModel {
  /** With `/v1`, as OPENAI_BASE_URL wants it. */
  readonly url: string
  /** Chat requests so far. */
  requests(): number
  close(): Promise<void>
}

export const startScriptedModel = async ({
  script: source = 'responder',
  port,
  host,
  log,
  latencyMs,
  models = ['scripted'],
  now = Date.now,
}: {
  /** Built-in name, path, or a script already loaded. */
  readonly script?: string | Script
  readonly port: number
  readonly host: string
  readonly log: (line: string) => void
  /** Pause before each answer; the script's own by default. */
  readonly latencyMs?: number
  /** What `/v1/models` lists. Every name is answered. */
  readonly models?: readonly string[]
  readonly now?: () => number
}): Promise<ScriptedModel> => {
  const script = typeof source === 'string' ? await loadScript(source) : source
  const left = new Map<Rule, number>()
  let requests = 0

  /** The rule's fault, as often as the rule says. */
  const dueFault = (rule: Rule | undefined): ModelFault | undefined => {
    if (rule?.fault === undefined) return undefined
    const remaining = left.get(rule) ?? rule.fault.times ?? Number.POSITIVE_INFINITY
    if (remaining <= 0) return undefined
    left.set(rule, remaining - 1)
    return rule.fault
  }

  const decide = (conversation: Conversation): Reply & { readonly rule: string } => {
    const rule = script.mode === 'rules' ? matchingRule({ script, conversation }) : undefined
    const turn = decideTurn({ script, conversation })
    const fault = dueFault(rule)
    const reply = fault === undefined ? replyWith(turn) : misbehave({ fault, turn, conversation })
    return { ...reply, rule: rule?.name ?? script.mode }
  }

  const complete = async (request: ServedRequest): Promise<Response> => {
    const parsed = parseRequest(request.body)
    if ('problem' in parsed) return refuse({ status: 400, message: parsed.problem })
    requests += 1
    const serial = requests
    const conversation = readConversation(parsed.chat)
    const reply = decide(conversation)
    log(`turn ${conversation.turn} for ${parsed.chat.model}: rule ${reply.rule}, ${describe(reply)}`)
    const pause = latencyMs ?? script.latencyMs
    if (pause > 0) await sleep(pause, undefined, { signal: request.signal }).catch(() => undefined)
    if (reply.type === 'http')
      return new Response(reply.body, { status: reply.status, headers: reply.headers })
    if (reply.type !== 'completion') return vanish({ reply, request })
    const usage = reply.withoutUsage ? undefined : countUsage({ request: parsed.chat, ...reply })
    const completion: Completion = {
      id: `chatcmpl-scripted-${serial}`,
      created: Math.floor(now() / 1000),
      model: parsed.chat.model,
      text: reply.text,
      calls: reply.calls,
      finishReason: reply.finishReason ?? (reply.calls.length > 0 ? 'tool_calls' : 'stop'),
      usage,
    }
    return parsed.chat.stream
      ? streamed({ completion, chat: parsed.chat })
      : Response.json(completionBody(completion))
  }

  const served = await serve({
    port,
    host,
    handle: async (request) => {
      switch (`${request.method} ${request.url.pathname.replace(/^\/v1(?=\/)/, '')}`) {
        case 'GET /healthz':
          return new Response('ok\n')
        case 'GET /__requests':
          return Response.json({ requests })
        case 'GET /models':
          return Response.json({
            object: 'list',
            data: models.map((id) => ({
              id,
              object: 'model',
              created: 0,
              owned_by: 'kubeswarm-scripted-model',
            })),
          })
        case 'POST /chat/completions':
          return complete(request)
        default:
          return refuse({ status: 404, message: `no ${request.method} ${request.url.pathname}` })
      }
    },
  })
  return { url: `${served.url}/v1`, requests: () => requests, close: () => served.close() }
}

const parseRequest = (body: string): { readonly chat: ChatRequest } | { readonly problem: string } => {
  try {
    const result = chatRequestSchema.safeParse(JSON.parse(body))
    if (result.success) return { chat: result.data }
    const [issue] = result.error.issues
    return { problem: `${issue?.path.join('.') ?? 'body'}: ${issue?.message ?? 'invalid'}` }
  } catch {
    return { problem: 'the body is not JSON' }
  }
}

const refuse = ({ status, message }: { status: number; message: string }): Response =>
  Response.json({ error: { message, type: 'invalid_request_error', code: null } }, { status })

const vanish = async ({
  reply,
  request,
}: {
  reply: Reply & { readonly type: 'hang' | 'cut' }
  request: ServedRequest
}): Promise<Response> => {
  if (reply.type === 'cut') request.cut()
  else await new Promise((resolve) => request.signal.addEventListener('abort', resolve, { once: true }))
  return new Response(null, { status: 503 })
}

const streamed = ({ completion, chat }: { completion: Completion; chat: ChatRequest }): Response => {
  const chunks = completionChunks({ completion, includeUsage: chat.stream_options?.include_usage === true })
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
}

const describe = (reply: Reply): string => {
  switch (reply.type) {
    case 'completion':
      return reply.calls.length > 0
        ? `calls ${reply.calls.map(({ name }) => name).join(', ')}`
        : `answers with ${reply.text.length} characters`
    case 'http':
      return `fails with HTTP ${reply.status}`
    case 'hang':
      return 'never answers'
    case 'cut':
      return 'cuts the connection'
  }
}
