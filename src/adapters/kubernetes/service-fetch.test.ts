import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { serviceFetch, serviceOf } from './service-fetch.ts'
import { openTransport } from './transport.ts'

const open: (() => unknown)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

const service = { namespace: 'n', name: 'tools' }
const through = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const agent = new Agent()
  const transport = openTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dispatcher: () => agent,
    authorization: () => 'Bearer of-the-caller',
    userAgent: 'test',
    close: () => agent.destroy(),
  })
  open.push(
    () => server.close(),
    () => transport.close(),
  )
  return serviceFetch({ transport, service })
}

test.each([
  ['tools', { namespace: 'mine', name: 'tools' }],
  ['tools.n.svc', service],
  ['tools.n.svc.cluster.local', service],
  ['localhost', undefined],
  ['127.0.0.1', undefined],
  ['tools.example.com', undefined],
  ['tools.n.svc.example.com', undefined],
])('the host %s is the Service %o', (host, expected) => {
  expect(serviceOf(host, 'mine')).toEqual(expected)
})

test('a request goes to the proxy of its Service with the rights of the caller, and comes back as it was', async () => {
  const seen: unknown[] = []
  const fetch = await through((request, response) => {
    const { authorization, 'x-key': key } = request.headers
    request.on('data', (body: Buffer) => {
      seen.push([request.method, request.url, authorization, key, String(body)])
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"no such session"}')
    })
  })
  const send = (url: string) => fetch(url, { method: 'POST', headers: { 'x-key': 'k' }, body: 'hello' })
  const answer = await send('http://tools.n.svc:8080/mcp?a=b')
  expect([answer.status, await answer.text()]).toEqual([404, '{"error":"no such session"}'])
  await send('https://tools.n.svc/')
  expect(seen).toEqual([
    ['POST', '/api/v1/namespaces/n/services/tools:8080/proxy/mcp?a=b', 'Bearer of-the-caller', 'k', 'hello'],
    ['POST', '/api/v1/namespaces/n/services/https:tools:443/proxy/', 'Bearer of-the-caller', 'k', 'hello'],
  ])
})

test.each([
  [403, 'Forbidden', 'services/proxy'],
  [503, 'ToolServerUnavailable', 'Service n/tools'],
])(
  'what the API server itself answers (%i) is not taken for the word of the Service',
  async (status, code, remedy) => {
    const fetch = await through((_, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ kind: 'Status', message: 'not that way' }))
    })
    await expect(fetch('http://tools.n.svc:8080/')).rejects.toMatchObject({
      code,
      message: 'cannot reach http://tools.n.svc:8080 through the API server: not that way',
      remedy: expect.stringContaining(remedy) as string,
    })
  },
)

test('F51: a credential that the API server would take for its own caller’s is not sent', async () => {
  let requests = 0
  const fetch = await through((_, response) => {
    requests += 1
    response.end()
  })
  const error: unknown = await fetch('http://tools.n.svc:8080/', {
    headers: { authorization: 'Bearer of-the-agent' },
  }).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'ToolServerUnauthorized' })
  expect(JSON.stringify(error) + String(error)).not.toContain('of-the-agent')
  expect(requests).toBe(0)
})
