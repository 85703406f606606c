import { afterEach, describe, expect, it } from 'vitest'

import { isKubeswarmError, type KubeswarmError } from '../../domain/error.ts'
import type { ModelRequest } from '../../ports/language-model.ts'
import { createFetch, type HttpClient } from '../http/create-fetch.ts'
import { serve, type ServedPort, type ServedRequest } from '../http/serve.ts'
import { chooseProvider, type ModelSettings } from './choose-provider.ts'
import { createLanguageModel } from './create-language-model.ts'

const open: (ServedPort | HttpClient)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

type Handler = (request: ServedRequest) => Response | Promise<Response>
const now = Date.parse('2026-04-23T02:45:00Z')

const ask = async (
  handler: Handler,
  {
    model = 'qwen2.5:7b',
    settings = {},
    request = {},
  }: { model?: string; settings?: ModelSettings; request?: Partial<ModelRequest> } = {},
) => {
  const seen: ServedRequest[] = []
  const server = await serve({
    port: 0,
    host: '127.0.0.1',
    handle: async (received) => {
      seen.push(received)
      return handler(received)
    },
  })
  const http = createFetch({ idleTimeoutMs: 5_000 })
  open.push(server, http)
  const url = `${server.url}/v1`
  const language = createLanguageModel({
    model,
    settings: {
      openaiBaseUrl: url,
      anthropicBaseUrl: url,
      geminiBaseUrl: url,
      openaiApiKey: 'key-openai',
      anthropicApiKey: 'key-anthropic',
      geminiApiKey: 'key-gemini',
      ...settings,
    },
    fetch: http.fetch,
    maxAnswerBytes: 100_000,
    now: () => now,
  })
  const turn = language.generate({
    model,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Look at P-1.' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'c1', name: 'pd__get', arguments: '{"id":"P-1"}' }],
      },
      { role: 'tool', toolCallId: 'c1', toolName: 'pd__get', content: 'no such incident', isError: true },
    ],
    tools: [
      {
        name: 'pd__get',
        description: 'Read an incident.',
        inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
      },
    ],
    maxOutputTokens: 500,
    signal: new AbortController().signal,
    ...request,
  })
  return { turn, seen, language }
}

const failure = async (handler: Handler, options?: Parameters<typeof ask>[1]): Promise<KubeswarmError> => {
  const { turn, seen } = await ask(handler, options)
  const error: unknown = await turn.then(
    () => new Error('it did not fail'),
    (cause: unknown) => cause,
  )
  if (!isKubeswarmError(error)) throw error
  expect(seen.length).toBeLessThan(2)
  return error
}

const openaiAnswer = (extra: Record<string, unknown> = {}, choice: Record<string, unknown> = {}) =>
  Response.json({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'qwen2.5:7b-q4',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Fine.' }, finish_reason: 'stop', ...choice },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
    ...extra,
  })

const calling = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'c2', type: 'function', function: { name: 'pd__get', arguments: '{"id":"P-2"}' } }],
}

describe('a turn', () => {
  it('OpenAI-compatible: sends the conversation and reads text, usage and the answering model (F32)', async () => {
    const { turn, seen, language } = await ask(() => openaiAnswer())
    expect(await turn).toEqual({
      text: 'Fine.',
      toolCalls: [],
      finishReason: 'stop',
      usage: { inputTokens: 12, outputTokens: 3 },
      model: 'qwen2.5:7b-q4',
    })
    expect(language.provider).toBe('openai')
    expect(seen[0]?.url.pathname).toBe('/v1/chat/completions')
    expect(seen[0]?.headers.get('authorization')).toBe('Bearer key-openai')
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      model: 'qwen2.5:7b',
      max_tokens: 500,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Look at P-1.' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c1', function: { name: 'pd__get', arguments: '{"id":"P-1"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'no such incident' },
      ],
      tools: [{ type: 'function', function: { name: 'pd__get' } }],
    })
  })

  it('F28 calls tools although the server says it stopped', async () => {
    const { turn } = await ask(() => openaiAnswer({}, { message: calling, finish_reason: 'stop' }))
    expect(await turn).toMatchObject({
      finishReason: 'tool-calls',
      toolCalls: [{ id: 'c2', name: 'pd__get', arguments: '{"id":"P-2"}' }],
    })
  })

  it.each([
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['tool_calls', 'tool-calls'],
    ['something_new', 'other'],
  ])('F28 finish reason %s is %s', async (sent, expected) => {
    const { turn } = await ask(() => openaiAnswer({}, { finish_reason: sent }))
    expect((await turn).finishReason).toBe(expected)
  })

  it('F29 leaves usage undefined that nobody sent', async () => {
    expect((await (await ask(() => openaiAnswer({ usage: undefined }))).turn).usage).toEqual({})
    const partial = await ask(() => openaiAnswer({ usage: { prompt_tokens: 7 } }))
    expect((await partial.turn).usage).toEqual({ inputTokens: 7 })
  })

  it('F24 hands malformed arguments on as they are', async () => {
    const message = {
      ...calling,
      tool_calls: [{ ...calling.tool_calls[0], function: { name: 'pd__get', arguments: '{"id' } }],
    }
    const { turn } = await ask(() => openaiAnswer({}, { message, finish_reason: 'tool_calls' }))
    expect((await turn).toolCalls[0]?.arguments).toBe('{"id')
  })

  it('Anthropic: messages, tool use, tool errors and thinking-free usage', async () => {
    const { turn, seen, language } = await ask(
      () =>
        Response.json({
          type: 'message',
          id: 'm',
          role: 'assistant',
          model: 'claude-sonnet-4-5-20250929',
          content: [
            { type: 'text', text: 'Looking.' },
            { type: 'tool_use', id: 't1', name: 'pd__get', input: { id: 'P-3' } },
          ],
          stop_reason: 'tool_use',
          usage: { input_tokens: 20, output_tokens: 5 },
        }),
      { model: 'claude-sonnet-4-5' },
    )
    expect(await turn).toEqual({
      text: 'Looking.',
      toolCalls: [{ id: 't1', name: 'pd__get', arguments: '{"id":"P-3"}' }],
      finishReason: 'tool-calls',
      usage: { inputTokens: 20, outputTokens: 5 },
      model: 'claude-sonnet-4-5-20250929',
    })
    expect(language.provider).toBe('anthropic')
    expect(seen[0]?.url.pathname).toBe('/v1/messages')
    expect(seen[0]?.headers.get('x-api-key')).toBe('key-anthropic')
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      max_tokens: 500,
      messages: [
        { role: 'user' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c1' }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', is_error: true }] },
      ],
    })
  })

  it('Gemini: content, function calls, usage', async () => {
    const { turn, seen, language } = await ask(
      () =>
        Response.json({
          candidates: [
            {
              content: { role: 'model', parts: [{ functionCall: { name: 'pd__get', args: { id: 'P-4' } } }] },
              finishReason: 'STOP',
            },
          ],
          usageMetadata: { promptTokenCount: 30, candidatesTokenCount: 6, totalTokenCount: 36 },
          modelVersion: 'gemini-2.5-flash',
        }),
      { model: 'gemini-2.5-flash' },
    )
    expect(await turn).toMatchObject({
      toolCalls: [{ name: 'pd__get', arguments: '{"id":"P-4"}' }],
      finishReason: 'tool-calls',
      usage: { inputTokens: 30, outputTokens: 6 },
    })
    expect(language.provider).toBe('google')
    expect(seen[0]?.url.pathname).toBe('/v1/models/gemini-2.5-flash:generateContent')
    expect(seen[0]?.headers.get('x-goog-api-key')).toBe('key-gemini')
  })
})

const httpError =
  (status: number, error: unknown, headers: Record<string, string> = {}): Handler =>
  () =>
    Response.json({ error }, { status, headers })

describe('a failed turn', () => {
  it('F21 401: unauthorized, names the setting, never repeats the key', async () => {
    const error = await failure(httpError(401, { message: 'Incorrect API key provided: key-openai' }))
    expect(error).toMatchObject({ code: 'ModelUnauthorized', retryable: false })
    expect(error.message + String(error.remedy)).not.toContain('key-openai')
    expect(error.remedy).toContain('OPENAI_API_KEY')
  })

  it('F21 404: unknown model, with the command that helps on Ollama', async () => {
    const error = await failure(
      httpError(404, { message: 'model "qwen2.5:7b" not found, try pulling it first', type: 'api_error' }),
    )
    expect(error).toMatchObject({ code: 'ModelNotFound', retryable: false, remedy: 'ollama pull qwen2.5:7b' })
    expect(error.message).toContain('127.0.0.1')
  })

  it('F21 404 of a wrong path is told apart from an unknown model', async () => {
    const error = await failure(() => new Response('404 page not found', { status: 404 }))
    expect(error).toMatchObject({ code: 'ModelUnreachable', retryable: false })
    expect(error.remedy).toContain('/v1')
  })

  it.each([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['a date', { 'retry-after': 'Thu, 23 Apr 2026 02:46:00 GMT' }, 60_000],
    ['a date gone by', { 'retry-after': 'Thu, 23 Apr 2026 02:44:00 GMT' }, 0],
    ['zero', { 'retry-after': '0' }, 0],
    ['a day', { 'retry-after': '86400' }, 86_400_000],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['nothing', {}, undefined],
  ])('F20 429 with Retry-After of %s', async (_, headers, expected) => {
    const error = await failure(httpError(429, { message: 'slow down' }, headers as Record<string, string>))
    expect(error).toMatchObject({ code: 'ModelRateLimited', retryable: true })
    expect(error.retryAfterMs).toBe(expected)
  })

  it.each([
    [
      'insufficient quota',
      httpError(429, { message: 'no', code: 'insufficient_quota' }),
      'ModelQuotaExceeded',
      false,
    ],
    ['server error', httpError(500, { message: 'no' }), 'ModelServerError', true],
    ['overloaded', httpError(529, { message: 'overloaded' }), 'ModelServerError', true],
    ['too long', httpError(400, { message: 'x', code: 'context_length_exceeded' }), 'ContextTooLong', false],
    ['bad request', httpError(400, { message: 'temperature must be positive' }), 'ModelRefused', false],
    ['no tools', httpError(400, { message: 'phi does not support tools' }), 'ModelRefused', false],
    [
      'HTML',
      () => new Response('<html></html>', { headers: { 'content-type': 'text/html' } }),
      'InvalidModelResponse',
      true,
    ],
    ['half a body', () => new Response('{"id": "x", "cho'), 'InvalidModelResponse', true],
    ['no choices', () => openaiAnswer({ choices: [] }), 'InvalidModelResponse', true],
    ['F27 an answer without end', () => new Response('x'.repeat(1_000_000)), 'InvalidModelResponse', false],
    [
      'a redirect',
      () => new Response(null, { status: 308, headers: { location: 'http://169.254.169.254/x' } }),
      'ModelUnreachable',
      false,
    ],
    ['a cut', (request: ServedRequest) => (request.cut(), new Response()), 'ModelUnreachable', true],
  ] as const)('F21 F22 %s', async (_, handler, code, retryable) => {
    expect(await failure(handler)).toMatchObject({ code, retryable })
  })

  it('F22 nothing listens: unreachable, retryable, says what to start', async () => {
    const error = await failure(() => openaiAnswer(), {
      settings: { openaiBaseUrl: 'http://127.0.0.1:9/v1' },
    })
    expect(error).toMatchObject({ code: 'ModelUnreachable', retryable: true })
    expect(error.message).toContain('127.0.0.1:9')
  })

  it('ends when the caller gives up, with the reason where it is ours', async () => {
    const signal = AbortSignal.timeout(50)
    const error = await failure(() => new Promise<Response>(() => undefined), { request: { signal } })
    expect(error).toMatchObject({ code: 'ModelTimeout', retryable: true })
  })

  it.each([
    [
      'claude-x',
      httpError(401, { type: 'authentication_error', message: 'invalid x-api-key' }),
      'ModelUnauthorized',
    ],
    ['claude-x', httpError(404, { type: 'not_found_error', message: 'model: claude-x' }), 'ModelNotFound'],
    [
      'claude-x',
      httpError(400, { type: 'invalid_request_error', message: 'Your credit balance is too low' }),
      'ModelQuotaExceeded',
    ],
    [
      'gemini-x',
      httpError(400, { status: 'INVALID_ARGUMENT', message: 'API key not valid.' }),
      'ModelUnauthorized',
    ],
    [
      'gemini-x',
      httpError(404, { status: 'NOT_FOUND', message: 'models/gemini-x is not found' }),
      'ModelNotFound',
    ],
  ])('F21 %s says it its own way', async (model, handler, code) => {
    expect(await failure(handler, { model })).toMatchObject({ code })
  })

  it('F21 without a key nothing is sent', async () => {
    const error = await failure(() => openaiAnswer(), {
      model: 'claude-x',
      settings: { anthropicApiKey: undefined } as never,
    })
    expect(error).toMatchObject({ code: 'ModelUnauthorized' })
    expect(error.remedy).toContain('ANTHROPIC_API_KEY')
  })
})

describe('the provider', () => {
  const local = { openaiBaseUrl: 'http://localhost:11434/v1' }
  it.each([
    ['claude-sonnet-4-5', {}, 'anthropic'],
    ['gemini-2.5-pro', {}, 'google'],
    ['gpt-4o', {}, 'openai'],
    ['o3-mini', {}, 'openai'],
    ['gpt-4o', local, 'openai-compatible'],
    ['gpt-oss:20b', local, 'openai-compatible'],
    ['qwen2.5:7b', local, 'openai-compatible'],
    ['qwen2.5:7b', { ...local, provider: 'openai' }, 'openai-compatible'],
    ['my-claude', { provider: 'anthropic' }, 'anthropic'],
    ['claude-x', { ...local, provider: 'openai' }, 'openai-compatible'],
  ])('of %s with %j is %s', (model, settings, dialect) => {
    expect(chooseProvider({ model, settings }).dialect).toBe(dialect)
  })

  it('is refused when nobody can speak for the model', () => {
    expect(() => chooseProvider({ model: 'qwen2.5:7b', settings: {} })).toThrow(/OPENAI_BASE_URL/)
    expect(() => chooseProvider({ model: 'x', settings: { provider: 'cohere' } })).toThrow(/cohere/)
  })
})
