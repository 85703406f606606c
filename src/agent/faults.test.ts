import { describe, expect, test } from 'vitest'
import { KubeswarmError } from '../domain/error.ts'
import { calls, perform, policyOf, says, scriptedModel, stagedServer, taskOf } from './testing/stage.ts'

const grafana = () => stagedServer({ name: 'grafana', tools: ['query_logs', 'query_metrics'] })
const rateLimited = (retryAfterMs?: number) =>
  new KubeswarmError({
    code: 'ModelRateLimited',
    message: 'model "qwen2.5:7b" at localhost:11434 answered 429',
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })

describe('faults of the model', () => {
  test.each([undefined, 2000, 0, -1])(
    'F20 a 429 with Retry-After %s is waited out and the task succeeds',
    async (retryAfterMs) => {
      const { end, records } = await perform({ script: [rateLimited(retryAfterMs), says('done')] })
      expect(end.type).toBe('task.completed')
      expect(records('llm.failed')).toMatchObject([{ turn: 1, code: 'ModelRateLimited' }])
      expect(records('llm.responded')).toMatchObject([{ turn: 2 }])
    },
  )

  test('F20 a Retry-After beyond the task is not waited for; the run engine is told how long', async () => {
    const day = 24 * 3600 * 1000
    const { end, model } = await perform({ script: [rateLimited(day)] })
    expect(end).toMatchObject({
      type: 'task.failed',
      code: 'ModelRateLimited',
      retryable: true,
      retryAfterMs: day,
    })
    expect(model.requests).toHaveLength(1)
  })

  test.each(['ModelQuotaExceeded', 'ModelUnauthorized', 'ModelNotFound'] as const)(
    'F21 %s is not tried again',
    async (code) => {
      const error = new KubeswarmError({ code, message: 'no', remedy: 'ollama pull qwen2.5:7b' })
      const { end, model } = await perform({ script: [error, says('never')] })
      expect(end).toMatchObject({
        type: 'task.failed',
        code,
        retryable: false,
        remedy: 'ollama pull qwen2.5:7b',
      })
      expect(model.requests).toHaveLength(1)
    },
  )

  test('F22 a server that keeps failing is asked five times, each in the journal', async () => {
    const down = new KubeswarmError({ code: 'ModelServerError', message: '503', retryable: true })
    const { end, records } = await perform({ script: [down, down, down, down, down, says('never')] })
    expect(end).toMatchObject({ type: 'task.failed', code: 'ModelServerError', retryable: true })
    expect(records('llm.requested')).toHaveLength(5)
    expect(records('llm.failed')).toHaveLength(5)
  })

  test('F23 half a tool call is never made', async () => {
    const server = grafana()
    const cut = { ...calls(['grafana__query_logs', '{"query":"er']), finishReason: 'length' as const }
    const { end } = await perform({ servers: [server], script: [cut] })
    expect(end).toMatchObject({ type: 'task.failed', code: 'AnswerTruncated' })
    expect(server.ledger).toEqual([])
  })

  test.each([
    ['{"query":', 'broken JSON'],
    ['{"query":1,"query":2}', 'duplicate keys'],
    ['{"__proto__":{"admin":true}}', 'prototype'],
    ['{"query":NaN}', 'NaN'],
    [`{"query":"${'x'.repeat(300_000)}"}`, 'too large'],
    ['{"query":5}', 'wrong type'],
    ['{"query":"a","extra":true}', 'extra field'],
    ['{}', 'missing field'],
  ])('F24 arguments %# are refused, the model is told, and its repair runs', async (text) => {
    const inputSchema = {
      type: 'object',
      properties: { query: { type: 'string' } },
      required: ['query'],
      additionalProperties: false,
    }
    const server = stagedServer({
      name: 'grafana',
      tools: [{ name: 'query_logs', description: '', inputSchema }],
    })
    const { end, records, model } = await perform({
      servers: [server],
      policy: policyOf({ limits: { tokensPerCall: 1_000_000 } }),
      script: [
        calls(['grafana__query_logs', text]),
        calls(['grafana__query_logs', { query: 'a' }]),
        says('done'),
      ],
    })
    expect(end.type).toBe('task.completed')
    expect(records('tool.denied')).toMatchObject([{ reason: 'InvalidArguments' }])
    expect(server.ledger).toMatchObject([{ arguments: { query: 'a' } }])
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', isError: true })
  })

  test('a model that counts its calls anew in each turn gets each result with its own call', async () => {
    const server = grafana()
    const { end, model } = await perform({
      servers: [server],
      script: [
        calls(['grafana__query_logs', { query: 'one' }]),
        calls(['grafana__query_metrics', { query: 'two' }]),
        says('done'),
      ],
    })
    expect(end.type).toBe('task.completed')
    const messages = model.requests[2]?.messages ?? []
    const asked = messages.flatMap((message) => (message.role === 'assistant' ? message.toolCalls : []))
    const answered = messages.filter((message) => message.role === 'tool')
    expect(new Set(asked.map(({ id }) => id)).size).toBe(2)
    expect(answered.map(({ toolCallId, toolName }) => `${toolCallId} ${toolName}`)).toEqual(
      asked.map(({ id, name }) => `${id} ${name}`),
    )
  })

  test('F24 a third unusable call in a row fails the task', async () => {
    const bad = calls(['grafana__query_logs', '{'])
    const { end, model } = await perform({ servers: [grafana()], script: [bad, bad, bad, says('never')] })
    expect(end).toMatchObject({ type: 'task.failed', code: 'InvalidModelResponse' })
    expect(model.requests).toHaveLength(3)
  })

  test.each([
    'grafana__delete_logs',
    'slаck__post_message',
    'Grafana__query_logs',
    'grafana__query_logs ',
    '',
  ])('F25 the made-up tool "%s" is an error to the model and a denial in the journal', async (alias) => {
    const server = grafana()
    const { end, records } = await perform({ servers: [server], script: [calls([alias, {}]), says('done')] })
    expect(end.type).toBe('task.completed')
    expect(records('tool.denied')).toMatchObject([{ reason: 'UnknownTool', server: '', tool: alias }])
    expect(server.ledger).toEqual([])
  })

  test('the exact name of permission patterns is the same tool, and counts as the same call', async () => {
    const server = grafana()
    const { end } = await perform({
      servers: [server],
      script: (_, turn) => calls([turn % 2 === 0 ? 'grafana__query_logs' : 'grafana/query_logs', {}]),
    })
    expect(end).toMatchObject({ code: 'LoopDetected' })
    expect(server.ledger).toHaveLength(3)
  })

  test('F26 the fourth identical call ends the task, and names the call', async () => {
    const server = grafana()
    const again = () => calls(['grafana__query_logs', { query: 'x' }])
    const { end, records } = await perform({ servers: [server], script: again })
    expect(end).toMatchObject({ type: 'task.failed', code: 'LoopDetected', retryable: false })
    expect('message' in end && end.message).toContain('grafana/query_logs')
    expect(server.ledger).toHaveLength(3)
    expect(records('tool.denied')).toHaveLength(1)
  })

  test('F26 A-B-A-B is a loop too', async () => {
    const server = grafana()
    const { end } = await perform({
      servers: [server],
      script: (_, turn) => calls([turn % 2 === 0 ? 'grafana__query_logs' : 'grafana__query_metrics', {}]),
    })
    expect(end).toMatchObject({ code: 'LoopDetected' })
    expect(server.ledger).toHaveLength(6)
  })

  test('B3 turns and calls stay within their caps', async () => {
    const server = grafana()
    const ever = await perform({
      servers: [server],
      script: (_, turn) => calls(['grafana__query_logs', { turn }]),
    })
    expect(ever.end).toMatchObject({ code: 'TurnLimitReached' })
    expect(ever.model.requests).toHaveLength(25)

    const many = grafana()
    const wanted = Array.from({ length: 300 }, (_, index) => ['grafana__query_logs', { index }] as const)
    const burst = await perform({ servers: [many], script: [calls(...wanted)] })
    expect(burst.end).toMatchObject({ code: 'CallLimitReached' })
    expect(many.ledger).toHaveLength(50)
    expect(burst.records('tool.denied')).toHaveLength(1)
  })

  test.each([
    [says(''), 'EmptyAnswer'],
    [says('  \n'), 'EmptyAnswer'],
    [says('half', { finishReason: 'length' }), 'AnswerTruncated'],
    [says('', { finishReason: 'content-filter' }), 'ModelRefused'],
    [says('x', { finishReason: 'error' }), 'InvalidModelResponse'],
  ])('F28 ending %# has a name of its own', async (turn, code) => {
    const { end } = await perform({ script: [turn] })
    expect(end).toMatchObject({ type: 'task.failed', code })
  })

  test('F28 tool calls under finish reason stop are still made', async () => {
    const server = grafana()
    const { end } = await perform({
      servers: [server],
      script: [{ ...calls(['grafana__query_logs', {}]), finishReason: 'stop' }, says('done')],
    })
    expect(end.type).toBe('task.completed')
    expect(server.ledger).toHaveLength(1)
  })

  test.each([
    '{"name":"grafana__query_logs","arguments":{"query":"x"}}',
    '```json\n{"name":"grafana__query_logs","parameters":{"query":"x"}}\n```',
    'I will look.\n<tool_call>\n{"name": "grafana__query_logs", "arguments": {"query": "x"}}\n</tool_call>',
  ])('F28 a tool call written as text is made', async (text) => {
    const server = grafana()
    const { end } = await perform({ servers: [server], script: [says(text), says('done')] })
    expect(end.type).toBe('task.completed')
    expect(server.ledger).toMatchObject([{ arguments: { query: 'x' } }])
  })

  test.each([
    '{"name":"grafana__drop_logs","arguments":{}}',
    '{"name":"payments-api","arguments":{}}',
    'Use {"name":"grafana__query_logs","arguments":{}} to look.',
    '{"name":"grafana__query_logs","arguments":{},"confidence":1}',
  ])('F28 text that merely mentions a call stays an answer', async (text) => {
    const server = grafana()
    const { end } = await perform({ servers: [server], script: [says(text)] })
    expect(end).toMatchObject({ type: 'task.completed', output: { head: text } })
    expect(server.ledger).toEqual([])
  })

  test('F29 missing usage stays missing in the journal', async () => {
    const { end, records } = await perform({ script: [says('done', { usage: {} })] })
    expect(records('llm.responded')).toMatchObject([{ usage: {} }])
    expect('usage' in end && end.usage).toEqual({})
  })

  test('F29 a provider that read less than the prompt holds has cut it', async () => {
    const prompt = 'the payment service answered with an error again and again '.repeat(300)
    const { end } = await perform({
      task: taskOf({ prompt }),
      policy: policyOf({ limits: { tokensPerCall: 20_000 } }),
      script: [says('root cause unknown', { usage: { inputTokens: 2000, outputTokens: 5 } })],
    })
    expect(end).toMatchObject({ type: 'task.failed', code: 'ContextTruncated' })
  })

  test('F30 of parallel calls the allowed ones run, and results find their call', async () => {
    const server = stagedServer({
      name: 'grafana',
      tools: ['query_logs', 'query_metrics', 'drop'],
      // The first answers last.
      answer: async ({ tool }) => {
        if (tool === 'query_logs') await new Promise((resolve) => setTimeout(resolve, 20))
        return `result of ${tool}`
      },
    })
    const { end, model, records } = await perform({
      servers: [server],
      policy: policyOf({ deny: ['*/drop'], effects: [{ pattern: 'grafana/query_*', effect: 'read-only' }] }),
      script: [
        calls(['grafana__query_logs', {}], ['grafana__drop', {}], ['grafana__query_metrics', {}]),
        says('done'),
      ],
    })
    expect(end.type).toBe('task.completed')
    const results = model.requests[1]?.messages.filter(({ role }) => role === 'tool')
    expect(results).toMatchObject([
      { toolCallId: 'id-0', content: 'result of query_logs', isError: false },
      { toolCallId: 'id-1', isError: true },
      { toolCallId: 'id-2', content: 'result of query_metrics', isError: false },
    ])
    expect(records('tool.returned').map((record) => 'call' in record && record.call)).toEqual([2, 0])
    expect(records('tool.denied')).toMatchObject([{ call: 1, reason: 'ToolDenied' }])
  })

  test('F30 calls without ids, or with the same one, are told apart', async () => {
    const server = grafana()
    const twice = calls(['grafana__query_logs', { a: 1 }], ['grafana__query_logs', { a: 2 }])
    const { model } = await perform({
      servers: [server],
      script: [{ ...twice, toolCalls: twice.toolCalls.map((call) => ({ ...call, id: '' })) }, says('done')],
    })
    const ids = model.requests[1]?.messages.flatMap((message) =>
      message.role === 'tool' ? [message.toolCallId] : [],
    )
    expect(new Set(ids).size).toBe(2)
  })

  test('F31 claiming a call is not making it: one reminder, then failure', async () => {
    const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
    const { end, model } = await perform({
      servers: [slack],
      task: taskOf({ mustCall: ['slack/post_message'] }),
      policy: policyOf({ servers: ['slack'] }),
      script: [says('I posted it to Slack.'), says('Posted, really.')],
    })
    expect(end).toMatchObject({ type: 'task.failed', code: 'RequiredToolNotCalled' })
    expect(model.requests).toHaveLength(2)
  })

  test('F31 a model that makes the call after the reminder succeeds; an errored call does not count', async () => {
    let tries = 0
    const slack = stagedServer({
      name: 'slack',
      tools: ['post_message'],
      answer: () => (++tries === 1 ? { text: 'channel_not_found', isError: true, truncated: false } : 'ok'),
    })
    const { end, model } = await perform({
      servers: [slack],
      task: taskOf({ mustCall: ['slack/post_message'] }),
      policy: policyOf({ servers: ['slack'] }),
      script: [
        calls(['slack__post_message', { channel: '#incident' }]),
        says('posted'),
        calls(['slack__post_message', { channel: '#incidents' }]),
        says('posted'),
      ],
    })
    expect(end.type).toBe('task.completed')
    expect(model.requests[2]?.messages.at(-1)).toMatchObject({ role: 'user' })
  })

  test('F32 an answer from a model the policy denies is not used', async () => {
    const source = { kind: 'SwarmPolicy', name: 'incident-policy', field: 'spec.models.allowed[0]' } as const
    const models = { allow: [[{ pattern: 'qwen*', source }]], deny: [] }
    const swapped = await perform({ policy: policyOf({ models }), script: [says('hi', { model: 'gpt-4o' })] })
    expect(swapped.end).toMatchObject({ type: 'task.failed', code: 'PolicyDenied' })
    expect(swapped.records('llm.responded')).toMatchObject([{ model: 'gpt-4o' }])
    const versioned = await perform({
      policy: policyOf({ models }),
      script: [says('hi', { model: 'qwen2.5:7b-q4' })],
    })
    expect(versioned.end.type).toBe('task.completed')
  })
})

describe('limits', () => {
  test('a denied model is never asked, and the journal names the rule', async () => {
    const source = { kind: 'SwarmPolicy', name: 'incident-policy', field: 'spec.models.denied[0]' } as const
    const { end, model, records } = await perform({
      policy: policyOf({ models: { allow: [], deny: [{ pattern: 'qwen*', source }] } }),
      script: [says('never')],
    })
    expect(end).toMatchObject({ type: 'task.failed', code: 'PolicyDenied' })
    expect(records('llm.denied')).toMatchObject([
      { rule: 'SwarmPolicy incident-policy spec.models.denied[0] "qwen*"' },
    ])
    expect(model.requests).toEqual([])
  })

  test('B1 tokens are reserved before the call; with none left nothing is asked, and the message says until when', async () => {
    const { end, model } = await perform({
      policy: policyOf({ limits: { namespaceDailyTokens: 6000, tokensPerCall: 4000 } }),
      servers: [grafana()],
      script: [calls(['grafana__query_logs', {}]), says('never')],
    })
    expect(end).toMatchObject({ type: 'task.failed', code: 'DailyTokensExhausted', retryable: false })
    expect('message' in end && end.message).toContain('2026-04-24T00:00:00.000Z')
    expect(model.requests).toHaveLength(1)
  })

  test('tokensPerCall bounds prompt and answer together', async () => {
    const { model } = await perform({
      policy: policyOf({ limits: { tokensPerCall: 3000 } }),
      script: [says('done')],
    })
    const [request] = model.requests
    expect(request?.maxOutputTokens).toBeLessThan(3000)
    expect(request?.maxOutputTokens).toBeGreaterThan(2500)
  })

  test('B3 a long tool result is shown head and tail, shorter still where the call has little room', async () => {
    const text = `first line\n${'noise '.repeat(50_000)}\nlast line`
    const server = stagedServer({ name: 'grafana', tools: ['query_logs'], answer: () => text })
    const roomy = policyOf({ limits: { tokensPerCall: 100_000 } })
    for (const [policy, most] of [
      [roomy, 17_000],
      [policyOf({ limits: { tokensPerCall: 3000 } }), 9000],
    ] as const) {
      const { end, model, records } = await perform({
        servers: [server],
        policy,
        script: [calls(['grafana__query_logs', {}]), says('done', { usage: {} })],
      })
      expect(end.type).toBe('task.completed')
      const shown = model.requests[1]?.messages.at(-1)?.content ?? ''
      expect(Buffer.byteLength(shown)).toBeLessThan(most)
      expect(shown).toContain('first line')
      expect(shown).toContain('last line')
      const [returned] = records('tool.returned')
      expect(returned?.type === 'tool.returned' && returned.content.bytes).toBeLessThanOrEqual(256 * 1024)
    }
  })

  test('an answer beyond maxOutputBytes fails instead of being cut', async () => {
    const { end } = await perform({
      task: taskOf({ maxOutputBytes: 10 }),
      script: [says('more than ten bytes')],
    })
    expect(end).toMatchObject({ type: 'task.failed', code: 'OutputInvalid' })
  })

  test('the timeout of the policy ends a model that never answers', async () => {
    const model = scriptedModel(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    )
    const { end, records } = await perform({
      policy: policyOf({ limits: { timeoutSeconds: 3 } }),
      script: model,
    })
    expect(end).toMatchObject({ type: 'task.failed', code: 'TaskTimeout', retryable: true })
    expect(records('llm.failed')).toMatchObject([{ code: 'TaskTimeout' }])
  })
})
