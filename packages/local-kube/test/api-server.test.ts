/** What a table of single requests cannot say: watches, durability, webhooks, proxies, tokens. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { startApiServer } from '../src/index.ts'
import type { ApiServer } from '../src/index.ts'
import { conformanceClient } from './conformance-runner.ts'
import type { Answer, Target } from './conformance-runner.ts'
import { definition } from './conformance-table.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const targetOf = (server: ApiServer): Target => ({
  url: server.url,
  ca: server.caCertificate,
  token: server.token,
})

async function start(
  options: Parameters<typeof startApiServer>[0] = {},
): Promise<{ server: ApiServer; send: ReturnType<typeof conformanceClient>['send'] }> {
  const server = await startApiServer(options)
  const client = conformanceClient(targetOf(server))
  cleanups.push(() => server.close(), client.close)
  return { server, send: client.send }
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'local-kube-test-'))
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const configMaps = '/api/v1/namespaces/default/configmaps'
const configMap = (name: string, labels: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
})
const versionOf = ({ body }: Answer): string =>
  (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion

interface Seen {
  readonly type: string
  readonly object: {
    readonly kind: string
    readonly code?: number
    readonly metadata: { readonly name?: string; readonly annotations?: Record<string, string> }
  }
}

async function watch(
  { url, ca, token }: Target,
  path: string,
): Promise<{ next: () => Promise<Seen | undefined> }> {
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca }, bodyTimeout: 0 })
  cleanups.push(() => dispatcher.destroy())
  const { body } = await request(`${url}${path}`, {
    dispatcher,
    headers: { authorization: `Bearer ${token}` },
  })
  const lines = createInterface({ input: body })[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { value, done } = await lines.next()
      return done === true ? undefined : (JSON.parse(value as string) as Seen)
    },
  }
}

describe('a watch', () => {
  test('without a version begins with what exists, and a selector turns changes into arrivals and departures', async () => {
    const { server, send } = await start()
    await send({ method: 'POST', path: configMaps, body: configMap('a', { in: 'yes' }) })
    await send({ method: 'POST', path: configMaps, body: configMap('b') })
    const { next } = await watch(
      targetOf(server),
      `${configMaps}?watch=true&resourceVersion=0&labelSelector=in%3Dyes`,
    )
    const label = (name: string, value: string | null): Promise<Answer> =>
      send({
        method: 'PATCH',
        path: `${configMaps}/${name}`,
        type: 'application/merge-patch+json',
        body: { metadata: { labels: { in: value } } },
      })
    expect(await next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } })
    await label('b', 'yes')
    expect(await next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } })
    await label('a', null)
    expect(await next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } })
    await send({ method: 'DELETE', path: `${configMaps}/b` })
    expect(await next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'b' } } })
  })

  test('from a version replays what came after it', async () => {
    const { server, send } = await start()
    const first = versionOf(await send({ method: 'POST', path: configMaps, body: configMap('a') }))
    await send({ method: 'POST', path: configMaps, body: configMap('b') })
    await send({ method: 'DELETE', path: `${configMaps}/a` })
    const { next } = await watch(
      targetOf(server),
      `${configMaps}?watch=true&resourceVersion=${first}&timeoutSeconds=1`,
    )
    expect(await next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } })
    expect(await next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } })
    expect(await next()).toBeUndefined()
  })

  test('asked for a streaming list marks the end of the beginning', async () => {
    const { server, send } = await start()
    await send({ method: 'POST', path: configMaps, body: configMap('a') })
    const { next } = await watch(
      targetOf(server),
      `${configMaps}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    )
    expect(await next()).toMatchObject({ type: 'ADDED' })
    expect(await next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    })
  })
})

describe('a server with a directory', () => {
  test('keeps everything it acknowledged through kill -9, goes on counting, and expires watches from before', async () => {
    const directory = temporaryDirectory()
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('./serve.fixture.ts', import.meta.url)), directory],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    cleanups.push(() => void child.kill('SIGKILL'))
    const target = await firstLine(child)
    const client = conformanceClient(target)
    const acknowledged: string[] = []
    let version = 0
    let killed = false
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let index = 0; !killed; index += 1) {
        const name = `w${writer}-${index}`
        try {
          const answer = await client.send({ method: 'POST', path: configMaps, body: configMap(name) })
          if (answer.status === 201) {
            acknowledged.push(name)
            version = Math.max(version, Number(versionOf(answer)))
          }
        } catch {
          return
        }
        if (acknowledged.length > 200 && !killed) {
          killed = true
          child.kill('SIGKILL')
        }
      }
    })
    await Promise.all(writers)
    await client.close()

    const { server, send } = await start({ directory })
    const list = (await send({ method: 'GET', path: configMaps })).body as {
      items: { metadata: { name: string } }[]
    }
    const names = new Set(list.items.map(({ metadata }) => metadata.name))
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([])
    expect(server.token).toBe(target.token)
    expect(
      Number(versionOf(await send({ method: 'POST', path: configMaps, body: configMap('after') }))),
    ).toBeGreaterThan(version)
    const { next } = await watch(targetOf(server), `${configMaps}?watch=true&resourceVersion=2`)
    expect(await next()).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410 } })
  })

  test('refuses a second server and names the process of the first', async () => {
    const directory = temporaryDirectory()
    await start({ directory })
    await expect(startApiServer({ directory })).rejects.toMatchObject({
      code: 'StoreLocked',
      pid: process.pid,
    })
  })
})

async function firstLine(child: ChildProcess): Promise<Target> {
  if (child.stdout === null) throw new Error('the child has no output')
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Target
  throw new Error('the server ended before it said where it is')
}

describe('admission webhooks', () => {
  test('change, warn and refuse', async () => {
    const { server, send } = await start()
    const { certificate, key } = await server.issueCertificate({
      commonName: 'webhook',
      hosts: ['127.0.0.1'],
    })
    const hook = createServer({ cert: certificate, key }, (incoming, response) => {
      let text = ''
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
      incoming.on('end', () => {
        const { request: review } = JSON.parse(text) as {
          request: { uid: string; object: { metadata: { name: string } } }
        }
        const answer =
          incoming.url?.startsWith('/mutate?') === true
            ? {
                allowed: true,
                patchType: 'JSONPatch',
                patch: Buffer.from(
                  JSON.stringify([{ op: 'add', path: '/data', value: { added: 'yes' } }]),
                ).toString('base64'),
              }
            : {
                allowed: !review.object.metadata.name.endsWith('bad'),
                warnings: ['mind the gap'],
                status: { message: 'no bad names', code: 403, reason: 'Forbidden' },
              }
        response.end(
          JSON.stringify({
            apiVersion: 'admission.k8s.io/v1',
            kind: 'AdmissionReview',
            response: { uid: review.uid, ...answer },
          }),
        )
      })
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => void hook.close())
    const { port } = hook.address() as AddressInfo
    const webhook = (path: string, url = `https://127.0.0.1:${port}/${path}`): object => ({
      name: `${path}.example.com`,
      clientConfig: { url, caBundle: Buffer.from(server.caCertificate).toString('base64') },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    })
    const configure = (kind: string, webhooks: object[]): Promise<Answer> =>
      send({
        method: 'POST',
        path: `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`,
        body: {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind,
          metadata: { name: `test-${webhooks.length}` },
          webhooks,
        },
      })
    expect((await configure('MutatingWebhookConfiguration', [webhook('mutate')])).status).toBe(201)
    const matchConditions = [{ name: 'not-free', expression: "!object.metadata.name.startsWith('free-')" }]
    expect(
      (await configure('ValidatingWebhookConfiguration', [{ ...webhook('validate'), matchConditions }]))
        .status,
    ).toBe(201)
    expect(await send({ method: 'POST', path: configMaps, body: configMap('free-bad') })).toMatchObject({
      status: 201,
    })

    expect(await send({ method: 'POST', path: configMaps, body: configMap('good') })).toMatchObject({
      status: 201,
      body: { data: { added: 'yes' } },
    })
    expect(await send({ method: 'POST', path: configMaps, body: configMap('bad') })).toMatchObject({
      status: 403,
      body: {
        reason: 'Forbidden',
        message: 'admission webhook "validate.example.com" denied the request: no bad names',
      },
    })
    const dispatcher = new Agent({ connect: { ca: server.caCertificate } })
    cleanups.push(() => dispatcher.destroy())
    const { headers } = await request(`${server.url}${configMaps}`, {
      dispatcher,
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(configMap('warned')),
    })
    expect(headers['warning']).toBe('299 - "mind the gap"')

    await configure('ValidatingWebhookConfiguration', [
      webhook('absent', 'https://127.0.0.1:1/'),
      webhook('ignored'),
    ])
    expect(await send({ method: 'POST', path: configMaps, body: configMap('stuck') })).toMatchObject({
      status: 500,
      body: { message: expect.stringContaining('failed calling webhook "absent.example.com"') as string },
    })
  })
})

test('a service is reached through its proxy subresource', async () => {
  const { send } = await start()
  const backend = createHttpServer((incoming, response) =>
    response.end(JSON.stringify({ path: incoming.url, authorized: incoming.headers.authorization ?? null })),
  )
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => void backend.close())
  const { port } = backend.address() as AddressInfo
  await send({
    method: 'POST',
    path: '/api/v1/namespaces/default/services',
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { ports: [{ name: 'control', port: 8081 }] },
    },
  })
  const proxied = '/api/v1/namespaces/default/services/web:control/proxy/__ledger?a=b'
  expect(await send({ method: 'GET', path: proxied })).toMatchObject({
    status: 503,
    body: { message: 'no endpoints available for service "web"' },
  })
  await send({
    method: 'POST',
    path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    body: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
      ports: [{ name: 'control', port, protocol: 'TCP' }],
    },
  })
  // The administrator's token stays with the API server.
  expect(await send({ method: 'GET', path: proxied })).toMatchObject({
    status: 200,
    body: { path: '/__ledger?a=b', authorized: null },
  })
})

test('a ServiceAccount token is good for its audience alone, and only while its account lives', async () => {
  const { server, send } = await start()
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await send({
    method: 'POST',
    path: accounts,
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'bot' } },
  })
  const issued = await send({
    method: 'POST',
    path: `${accounts}/bot/token`,
    body: { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { audiences: ['hub'] } },
  })
  const { token } = (issued.body as { status: { token: string } }).status
  const review = async (audience: string): Promise<unknown> =>
    (
      await send({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: {
          kind: 'TokenReview',
          apiVersion: 'authentication.k8s.io/v1',
          spec: { token, audiences: [audience] },
        },
      })
    ).body
  expect(await review('hub')).toMatchObject({
    status: {
      authenticated: true,
      audiences: ['hub'],
      user: { username: 'system:serviceaccount:default:bot' },
    },
  })
  expect(await review('other')).not.toMatchObject({ status: { authenticated: true } })
  const asBot = conformanceClient({ ...targetOf(server), token })
  cleanups.push(asBot.close)
  expect(await asBot.send({ method: 'GET', path: configMaps })).toMatchObject({ status: 401 })
  await send({ method: 'DELETE', path: `${accounts}/bot` })
  expect(await review('hub')).not.toMatchObject({ status: { authenticated: true } })
})

test('deleting a definition deletes its objects, then what it served', async () => {
  const { send } = await start()
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const widgets = '/apis/conformance.example.com/v1/namespaces/default/widgets'
  await send({ method: 'POST', path: definitions, body: definition })
  const widget = {
    apiVersion: 'conformance.example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', finalizers: ['example.com/hold'] },
    spec: { model: 'a' },
  }
  expect((await send({ method: 'POST', path: widgets, body: widget })).status).toBe(201)
  await send({ method: 'DELETE', path: `${definitions}/${definition.metadata.name}` })
  await expect
    .poll(async () => (await send({ method: 'GET', path: `${widgets}/w` })).body)
    .toMatchObject({ metadata: { deletionTimestamp: expect.any(String) as string } })
  await send({
    method: 'PATCH',
    path: `${widgets}/w`,
    type: 'application/merge-patch+json',
    body: { metadata: { finalizers: [] } },
  })
  await expect.poll(async () => (await send({ method: 'GET', path: widgets })).status).toBe(404)
})

test('writers that race for one object all succeed, one after another', async () => {
  const { send } = await start({ directory: temporaryDirectory() })
  await send({ method: 'POST', path: configMaps, body: configMap('shared') })
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      send({
        method: 'PATCH',
        path: `${configMaps}/shared`,
        type: 'application/merge-patch+json',
        body: { data: { [`k${index}`]: 'v' } },
      }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
  const { data } = (await send({ method: 'GET', path: `${configMaps}/shared` })).body as { data: object }
  expect(Object.keys(data)).toHaveLength(6)
})
