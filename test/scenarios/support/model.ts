// An OpenAI-compatible model whose answers a test decides, one request at a time: what an agent really sends can be
// looked at, and an answer can be held back until something else has happened.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ChatRequest {
  readonly model: string
  readonly max_tokens?: number
  readonly messages: readonly { readonly role: string; readonly content?: string | null }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}

export type ChatAnswer =
  { readonly text: string } | { readonly call: { readonly name: string; readonly arguments: unknown } }

export interface TestModel {
  readonly url: string
  readonly requests: readonly ChatRequest[]
  close(): Promise<void>
}

export const startModel = async ({
  models,
  answer,
}: {
  readonly models: readonly string[]
  readonly answer: (request: ChatRequest) => Promise<ChatAnswer> | ChatAnswer
}): Promise<TestModel> => {
  const requests: ChatRequest[] = []
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const reply = async (): Promise<unknown> => {
        if (incoming.method === 'GET')
          return { object: 'list', data: models.map((id) => ({ id, object: 'model' })) }
        const request = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ChatRequest
        requests.push(request)
        return completion({ request, number: requests.length, answer: await answer(request) })
      }
      void reply().then((body) =>
        outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const completion = ({
  request,
  number,
  answer,
}: {
  readonly request: ChatRequest
  readonly number: number
  readonly answer: ChatAnswer
}) => ({
  id: `chatcmpl-${number}`,
  object: 'chat.completion',
  created: 1,
  model: request.model,
  choices: [
    'text' in answer
      ? { index: 0, message: { role: 'assistant', content: answer.text }, finish_reason: 'stop' }
      : {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [
              {
                id: `call_${number}`,
                type: 'function',
                function: { name: answer.call.name, arguments: JSON.stringify(answer.call.arguments) },
              },
            ],
          },
          finish_reason: 'tool_calls',
        },
  ],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
})
