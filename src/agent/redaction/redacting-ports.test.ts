// A canary in every place from which it could come, and every place looked at to which it could go.

import { expect, test } from 'vitest'
import { KubeswarmError } from '../../domain/error.ts'
import { storeText } from '../../domain/journal/stored-text.ts'
import type { Logger } from '../../ports/logger.ts'
import type { TaskSource } from '../../ports/task-source.ts'
import { inMemoryTaskSource } from '../testing/in-memory-task-source.ts'
import { calls, policyOf, says, scriptedModel, stage, stagedServer, taskOf } from '../testing/stage.ts'
import { redactingPorts } from './redacting-ports.ts'

const canary = 'canary-7f3a/91+b2 c4"d5'
const bytes = Buffer.from(canary)
const forms = [
  canary,
  JSON.stringify(canary).slice(1, -1),
  bytes.toString('base64'),
  bytes.toString('base64url'),
  bytes.toString('hex'),
  encodeURIComponent(canary),
]
const everyForm = forms.join(' ')

test('F97 S4 no form of a secret reaches the journal, its texts, the log or the model again', async () => {
  const log: string[] = []
  const say = (fields: object, message: string): void => void log.push(JSON.stringify([fields, message]))
  const logger: Logger = { debug: say, info: say, warn: say, error: say }
  const real = inMemoryTaskSource()
  const texts: string[] = []
  const keeping = <T extends { readonly contents?: readonly string[] }>(request: T): T => {
    texts.push(...(request.contents ?? []))
    return request
  }
  const source: TaskSource = {
    ...real,
    record: (request) => real.record(keeping(request)),
    finish: (request) => real.finish(keeping(request)),
    reserve: (request) => {
      keeping({ contents: request.before?.contents ?? [] })
      return real.reserve(request)
    },
  }
  const grafana = stagedServer({
    name: 'grafana',
    tools: [
      { name: 'query_logs', description: `token ${everyForm}`, inputSchema: { type: 'object' } },
      'fails',
    ],
    answer: ({ tool }) => {
      if (tool === 'fails')
        throw new KubeswarmError({
          code: 'ToolServerProtocol',
          message: `401 for Authorization: Bearer ${everyForm}`,
          remedy: `use ${canary}`,
          cause: Object.assign(new Error(everyForm), { code: -32_000 }),
        })
      return `${'x'.repeat(9000)} password=${everyForm}`
    },
  })
  const model = scriptedModel([
    new KubeswarmError({ code: 'ModelServerError', message: `500 ${everyForm}`, retryable: true }),
    { ...calls(['grafana__query_logs', { query: everyForm }], ['grafana__fails', {}]), text: everyForm },
    says(`found: ${everyForm}`),
  ])
  const ports = redactingPorts(
    { source, model, servers: [{ server: grafana, onUnavailable: 'fail' }], log: logger },
    () => [{ name: 'SLACK_TOKEN', value: canary }],
  )
  // The clean model's requests are those of the model behind it.
  const staged = stage({
    source: { ...real, ...ports.source },
    servers: ports.servers,
    script: { ...ports.model, requests: model.requests },
  })
  ports.log.warn({ err: new Error(everyForm), header: { authorization: canary } }, `said ${canary}`)
  const policy = policyOf({
    servers: ['grafana'],
    effects: [{ pattern: '*', effect: 'read-only' }],
    limits: { tokensPerCall: 100_000 },
  })
  const task = taskOf()
  real.submit(task, policy)
  const end = await real.ended(task.id)
  await staged.worker.drain(0)

  expect(end).toMatchObject({
    type: 'task.completed',
    output: { head: expect.stringContaining('[SLACK_TOKEN]') },
  })
  const records = real.journal('uid-1')
  expect(records.map(({ type }) => type)).toContain('llm.failed')
  const sinks = {
    journal: JSON.stringify(records),
    texts: texts.join('\n'),
    log: log.join('\n'),
    model: JSON.stringify(model.requests.map(({ messages, tools }) => [messages, tools])),
  }
  for (const [name, sink] of Object.entries(sinks)) {
    expect(sink, name).toContain('[SLACK_TOKEN]')
    for (const form of forms) expect(sink, name).not.toContain(form)
  }
  // What is kept by its hash can still be found by it.
  const returned = records.find((record) => record.type === 'tool.returned')
  expect(returned?.type === 'tool.returned' ? await real.content(returned.content.sha256) : '').toContain(
    '[SLACK_TOKEN]',
  )
})

test('the guard at the sinks holds alone: a record is cleaned, and its texts get the hash of what is kept', async () => {
  const told: unknown[] = []
  const source = {
    record: (request: unknown) => {
      told.push(request)
      return Promise.resolve({})
    },
  } as unknown as TaskSource
  const { log } = console
  const logger = { debug: log, info: log, warn: log, error: log }
  const ports = redactingPorts({ source, model: scriptedModel([]), servers: [], log: logger }, () => [
    { name: 'SLACK_TOKEN', value: canary },
  ])
  const whole = `${canary}${'x'.repeat(9000)}`
  const place = { step: 's', attempt: 1, turn: 1, call: 0, server: 'a', tool: 'b' }
  await ports.source.record({
    task: 't',
    fence: 1,
    records: [
      {
        type: 'tool.intended',
        ...place,
        arguments: { deep: [canary] },
        effect: 'write',
        idempotencyKey: 'k',
      },
      { type: 'tool.returned', ...place, isError: false, content: storeText(whole), durationMs: 1 },
    ],
    contents: [whole],
  })
  const kept = whole.replace(canary, '[SLACK_TOKEN]')
  expect(told).toMatchObject([
    {
      records: [{ arguments: { deep: ['[SLACK_TOKEN]'] } }, { content: storeText(kept) }],
      contents: [kept],
    },
  ])
})
