import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import { afterEach, describe, expect, it } from 'vitest'

import { createFetch, type HttpClient } from './create-fetch.ts'
import { networkFailure } from './network-failure.ts'
import { serviceResolver } from './service-resolver.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const listen = async (
  listener: RequestListener,
  port = 0,
): Promise<{ url: string; port: number; server: Server }> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  open.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const bound = (server.address() as AddressInfo).port
  return { url: `http://127.0.0.1:${bound}`, port: bound, server }
}

const client = (options: Parameters<typeof createFetch>[0] = {}): HttpClient => {
  const made = createFetch(options)
  open.push(() => made.close())
  return made
}

describe('fetch', () => {
  it('sends method, headers and body, and reads status, headers, text and JSON', async () => {
    const { url } = await listen((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] })
        response.end(JSON.stringify({ method: request.method, body, headers: request.headers }))
      })
    })
    const response = await client().fetch(`${url}/x`, {
      method: 'POST',
      body: '{"é":1}',
      headers: { 'x-a': 'b' },
    })
    expect(response.ok).toBe(true)
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.json()).toMatchObject({
      method: 'POST',
      body: '{"é":1}',
      headers: { 'x-a': 'b', 'accept-encoding': 'identity' },
    })
    await expect(response.text()).rejects.toThrow('read')
  })

  it('streams the body as it arrives', async () => {
    const { url } = await listen((_, response) => {
      response.write('one ')
      setTimeout(() => response.end('two'), 20)
    })
    const { body } = await client().fetch(url)
    const pieces: string[] = []
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>)
      pieces.push(Buffer.from(piece).toString())
    expect(pieces.join('')).toBe('one two')
    expect(pieces.length).toBeGreaterThan(1)
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('decompresses %s though it did not ask for it', async (encoding, compress) => {
    const { url } = await listen((_, response) => {
      response.setHeader('content-encoding', encoding)
      response.end(compress('hello'.repeat(100)))
    })
    expect(await (await client().fetch(url)).text()).toBe('hello'.repeat(100))
  })

  it('F51 does not follow a redirect, so that no credential crosses an origin', async () => {
    const seen: (string | undefined)[] = []
    const target = await listen((request, response) => {
      seen.push(request.headers.authorization)
      response.end('target')
    })
    const { url } = await listen((_, response) => response.writeHead(307, { location: target.url }).end())
    const response = await client().fetch(url, { headers: { authorization: 'Bearer secret' } })
    expect(response.status).toBe(307)
    expect(response.headers.get('location')).toBe(target.url)
    expect(seen).toEqual([])
  })

  it('F43 stops reading at the limit, also of what was compressed', async () => {
    const { url } = await listen((request, response) => {
      if (request.url === '/bomb') response.setHeader('content-encoding', 'gzip')
      response.end(request.url === '/bomb' ? gzipSync(Buffer.alloc(5_000_000)) : Buffer.alloc(5_000_000))
    })
    const limited = client({ maxResponseBytes: 1_000_000 })
    for (const path of ['/plain', '/bomb']) {
      const error: unknown = await (await limited.fetch(url + path)).text().catch((cause: unknown) => cause)
      expect(networkFailure(error).kind).toBe('too-large')
    }
  })

  it('ends with the reason of the signal, before and during the call', async () => {
    const { url } = await listen(() => undefined)
    const reason = new Error('enough')
    await expect(client().fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const call = client().fetch(url, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 20)
    await expect(call).rejects.toBe(reason)
  })

  it('F22 tells refused, silent and cut connections apart', async () => {
    const { url, server } = await listen((request, response) => {
      if (request.url === '/cut') response.destroy()
    })
    const kind = async (path: string) =>
      networkFailure(
        await client({ idleTimeoutMs: 100 })
          .fetch(path)
          .catch((cause: unknown) => cause),
      ).kind
    expect(await kind(`${url}/cut`)).toBe('reset')
    expect(await kind(`${url}/silent`)).toBe('timeout')
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    expect(await kind(url)).toBe('refused')
    expect(await kind('http://nobody.invalid')).toBe('not-found')
  })

  it('refuses a password in the URL without repeating it', async () => {
    const error: unknown = await client()
      .fetch('http://user:hunter2@localhost/')
      .catch((cause: unknown) => cause)
    expect(String((error as Error).cause)).not.toContain('hunter2')
  })
})

describe('the service resolver', () => {
  it('finds a Service, keeps the name for the Host header, and asks again when the pod has moved', async () => {
    const first = await listen((request, response) => response.end(`first ${request.headers.host}`))
    let target = first.port
    let asked = 0
    const resolver = await listen((request, response) => {
      asked += 1
      const { searchParams } = new URL(request.url ?? '', 'http://x')
      if (searchParams.get('host') !== 'mock-slack.incident-response.svc') response.writeHead(404).end()
      else response.end(JSON.stringify({ host: '127.0.0.1', port: target }))
    })
    const { fetch } = client({ resolver: serviceResolver({ resolverUrl: resolver.url }) })
    const name = 'http://mock-slack.incident-response.svc:8080/'
    expect(await (await fetch(name)).text()).toBe('first mock-slack.incident-response.svc:8080')
    await (await fetch(name)).text()
    expect(asked).toBe(1)

    await new Promise((resolve) => first.server.close(resolve).closeAllConnections())
    target = (await listen((_, response) => response.end('second'))).port
    await expect
      .poll(async () => (await fetch(name).catch(() => undefined))?.text(), { timeout: 5_000 })
      .toBe('second')
    expect(asked).toBeGreaterThan(1)

    const missing: unknown = await fetch('http://nobody.incident-response.svc/').catch(
      (cause: unknown) => cause,
    )
    expect(networkFailure(missing)).toMatchObject({ kind: 'not-found' })
  })
})
