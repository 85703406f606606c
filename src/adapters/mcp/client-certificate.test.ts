// A server that asks for client certificates, and the connections of an agent that shows one.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createFetch } from '../http/create-fetch.ts'
import { clientCertificate } from './client-certificate.ts'
import { connectToolServer } from './connect-tool-server.ts'

let directory = ''
const path = (name: string): string => join(directory, name)
const read = (name: string): string => readFileSync(path(name), 'utf8')
const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
}
const issue = (name: string, subject: string): void => {
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${subject}`,
    '-addext',
    'subjectAltName=DNS:localhost',
  )
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-out',
    `${name}.crt`,
    '-copy_extensions',
    'copy',
  )
}
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'client-certificate-'))
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
  )
  for (const [name, subject] of [
    ['server', 'localhost'],
    ['first', 'agent-first'],
    ['second', 'agent-second'],
  ] as const)
    issue(name, subject)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const serve = async () => {
  const seen: string[] = []
  const server = createServer(
    {
      key: read('server.key'),
      cert: read('server.crt'),
      ca: read('ca.crt'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(request.url === '/tools' ? [{ name: 'read' }] : { result: 'done' }))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, seen }
}

const connect = (url: string, held: () => string | undefined) => {
  const fileOf = (key: string) => ({ file: key, secret: 'client', key })
  const files = (): Readonly<Record<string, string>> => {
    const name = held()
    return {
      'ca.crt': read('ca.crt'),
      ...(name === undefined ? {} : { 'tls.crt': read(`${name}.crt`), 'tls.key': read(`${name}.key`) }),
    }
  }
  const mtls = { certificate: fileOf('tls.crt'), key: fileOf('tls.key'), authority: fileOf('ca.crt') }
  const credential = ({ key }: { readonly key: string }): string | undefined => files()[key]
  const http = createFetch({ tls: clientCertificate({ mtls, credential }) })
  const server = connectToolServer({
    setting: {
      name: 'logs',
      url,
      transport: 'legacy-rest',
      onUnavailable: 'fail',
      headers: [],
      mtls,
    },
    credential,
    fetch: http.fetch,
  })
  open.push(() => http.close())
  return () =>
    server.callTool({
      tool: 'read',
      arguments: {},
      idempotencyKey: 'k',
      signal: new AbortController().signal,
    })
}

test('F70 shows the certificate of its Secret, and a renewed one from the next call on', async () => {
  const { url, seen } = await serve()
  let held = 'first'
  const call = connect(url, () => held)
  expect(await call()).toMatchObject({ text: 'done', isError: false })
  held = 'second'
  await call()
  await call()
  expect(seen).toEqual(['agent-first', 'agent-second', 'agent-second'])
})

test('a missing certificate is named by its Secret, and nothing is sent', async () => {
  const { url, seen } = await serve()
  await expect(connect(url, () => undefined)()).rejects.toMatchObject({
    code: 'ToolServerUnauthorized',
    message: expect.stringContaining('Secret "client", key "tls.crt"'),
  })
  expect(seen).toEqual([])
})
