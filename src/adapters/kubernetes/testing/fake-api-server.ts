// An API server for one collection, small enough to misbehave on demand: it ends watches, cuts sockets, forgets
// history and refuses. For tests of what stands between us and a real one.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface FakeObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
  }
  readonly [field: string]: unknown
}

export interface FakeApiServer {
  readonly url: string
  readonly kubeconfig: string
  put(name: string, content?: Readonly<Record<string, unknown>>): void
  remove(name: string): void
  /** Ends all watches as a server does at its time limit. */
  endWatches(): void
  /** Cuts the connections under all watches. */
  cutWatches(): void
  /** Forgets all history: watches get 410 in the stream, later ones at the start. */
  compact(options?: { readonly inStream: boolean }): void
  bookmark(): void
  /** The next requests get this status. */
  refuse(status: number, options?: { readonly times?: number; readonly retryAfter?: number }): void
  readonly requests: readonly string[]
  readonly watches: number
  close(): Promise<void>
}

export const startFakeApiServer = async (): Promise<FakeApiServer> => {
  let version = 10
  let oldest = 0
  const objects = new Map<string, FakeObject>()
  const history: { readonly version: number; readonly line: string }[] = []
  const watches = new Set<ServerResponse>()
  const requests: string[] = []
  let refusals = { status: 0, times: 0, retryAfter: undefined as number | undefined }

  const send = (type: string, object: unknown): void => {
    const line = `${JSON.stringify({ type, object })}\n`
    history.push({ version, line })
    // In two pieces, as networks deliver.
    for (const watch of watches) {
      watch.write(line.slice(0, 7))
      watch.write(line.slice(7))
    }
  }
  const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake')
    requests.push(`${request.method} ${url.pathname}${url.searchParams.has('watch') ? ' watch' : ''}`)
    if (refusals.times > 0) {
      refusals.times -= 1
      const { status, retryAfter } = refusals
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
      response.end(
        JSON.stringify({ kind: 'Status', code: status, reason: 'Refused', message: 'refused by the test' }),
      )
      return
    }
    if (!url.searchParams.has('watch')) {
      const all = [...objects.values()]
      const limit = Math.min(Number(url.searchParams.get('limit') ?? all.length), 2)
      const from = Number(url.searchParams.get('continue') ?? 0)
      const next = from + limit < all.length ? String(from + limit) : undefined
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          items: url.searchParams.has('limit') ? all.slice(from, from + limit) : all,
          metadata: { resourceVersion: String(version), ...(next === undefined ? {} : { continue: next }) },
        }),
      )
      return
    }
    const since = Number(url.searchParams.get('resourceVersion'))
    if (since < oldest) {
      response.writeHead(410)
      response.end(JSON.stringify(gone))
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    for (const event of history) if (event.version > since) response.write(event.line)
    watches.add(response)
    response.on('close', () => watches.delete(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    kubeconfig: JSON.stringify({
      'current-context': 'fake',
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
      clusters: [{ name: 'fake', cluster: { server: url } }],
      users: [{ name: 'fake', user: { token: 'fake-token' } }],
    }),
    put(name, content = {}) {
      version += 1
      const known = objects.get(name)
      const uid = known?.metadata.uid ?? `uid-${version}`
      const object = {
        ...content,
        metadata: { name, namespace: 'test', uid, resourceVersion: String(version) },
      }
      objects.set(name, object)
      send(known === undefined ? 'ADDED' : 'MODIFIED', object)
    },
    remove(name) {
      const known = objects.get(name)
      if (known === undefined) return
      version += 1
      objects.delete(name)
      send('DELETED', { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } })
    },
    endWatches() {
      for (const watch of watches) watch.end()
      watches.clear()
    },
    cutWatches() {
      for (const watch of watches) watch.socket?.resetAndDestroy()
      watches.clear()
    },
    compact({ inStream } = { inStream: true }) {
      history.splice(0)
      version += 1
      oldest = version
      for (const watch of watches) {
        if (inStream) watch.write(`${JSON.stringify({ type: 'ERROR', object: gone })}\n`)
        watch.end()
      }
      watches.clear()
    },
    bookmark() {
      version += 1
      send('BOOKMARK', { kind: 'Thing', metadata: { resourceVersion: String(version) } })
    },
    refuse(status, { times = 1, retryAfter } = {}) {
      refusals = { status, times, retryAfter }
    },
    get requests() {
      return requests
    },
    get watches() {
      return watches.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
