// The three questions to a Kubernetes API server: how many writes a second, how late a watcher hears of one, and what
// the watchers cost it.

import { Agent, request } from 'undici'
import { quantile } from '../run-benchmark.ts'
import type { MeasuredServer } from './server.ts'

const SETTLED_WRITES = 1_000
const PACED_WRITES = 200
const IN_FLIGHT = 32
const path = '/api/v1/namespaces/default/configmaps'
const padding = 'x'.repeat(512)
let serial = 0

interface Watchers {
  /** Called once per watcher and event with the name in it. */
  onName: (name: string) => void
  readonly close: () => Promise<void>
}

export interface Session {
  readonly post: (name: string) => Promise<void>
  readonly remove: () => Promise<void>
  readonly watch: (count: number) => Promise<Watchers>
  readonly close: () => Promise<void>
}

export function openSession({ url, ca, token }: MeasuredServer): Session {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const connect = { ca }
  const writers = new Agent({ connect, connections: IN_FLIGHT })
  const ask = async (method: 'POST' | 'DELETE' | 'GET', target: string, body?: string): Promise<string> => {
    const answer = await request(url + target, { dispatcher: writers, method, headers, body: body ?? null })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${target}: ${answer.statusCode} ${text}`)
    return text
  }
  return {
    async post(name) {
      await ask(
        'POST',
        path,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, labels: { bench: 'yes' } },
          data: { padding },
        }),
      )
    },
    async remove() {
      await ask('DELETE', `${path}?labelSelector=bench%3Dyes`)
    },
    async watch(count) {
      const { metadata } = JSON.parse(await ask('GET', `${path}?limit=1`)) as {
        readonly metadata: { readonly resourceVersion: string }
      }
      const dispatcher = new Agent({ connect, bodyTimeout: 0, pipelining: 1 })
      let closed = false
      const watchers: Watchers = {
        onName: () => undefined,
        close: () => {
          closed = true
          return dispatcher.destroy()
        },
      }
      /** Goes on where it was when the server cuts it off, as kube-apiserver does with watchers that lag. */
      const follow = async (onOpen: () => void): Promise<void> => {
        let version = metadata.resourceVersion
        while (!closed) {
          const { body, statusCode } = await request(`${url}${path}?watch=true&resourceVersion=${version}`, {
            dispatcher,
            headers,
          })
          if (statusCode !== 200) throw new Error(`watch: ${statusCode} ${await body.text()}`)
          onOpen()
          await new Promise<void>((resolve) => {
            let rest = ''
            body.on('data', (bytes: Buffer) => {
              const lines = (rest + bytes.toString('latin1')).split('\n')
              rest = lines.pop() ?? ''
              // Reading the two words it needs keeps the measuring process out of the figures.
              for (const line of lines) {
                version = /"resourceVersion":"(\d+)"/.exec(line)?.[1] ?? version
                watchers.onName(/"name":"(bench-[^"]+)"/.exec(line)?.[1] ?? '')
              }
            })
            body.on('error', () => resolve())
            body.on('end', () => resolve())
          })
        }
      }
      await Promise.all(
        Array.from(
          { length: count },
          () =>
            new Promise<void>((resolve, reject) => {
              follow(resolve).catch((error: unknown) => {
                if (!closed) reject(error as Error)
              })
            }),
        ),
      )
      return watchers
    },
    close: () => writers.destroy(),
  }
}

/** Writes in flight at once, nobody watching. */
export async function writesPerSecond(session: Session): Promise<number> {
  const began = performance.now()
  await manyWrites(session)
  return SETTLED_WRITES / ((performance.now() - began) / 1000)
}

async function manyWrites(session: Session): Promise<void> {
  let left = SETTLED_WRITES
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left > 0) {
        left -= 1
        serial += 1
        await session.post(`bench-${serial}`)
      }
    }),
  )
}

export interface WatchFigures {
  /** From sending the write to the watcher's reading of the event, ms. */
  readonly p50: number
  readonly p99: number
  /** From sending the write to its answer, ms: what of the above is not the watch. */
  readonly write: number
  /** Processor time of the server for one write that so many watch, ms. */
  readonly processor: number
}

export async function watchFigures({
  session,
  server,
  watchers: count,
}: {
  readonly session: Session
  readonly server: MeasuredServer
  readonly watchers: number
}): Promise<WatchFigures> {
  const watchers = await session.watch(count)
  try {
    const latencies: number[] = []
    const answers: number[] = []
    for (let write = 0; write < PACED_WRITES; write += 1) {
      serial += 1
      const name = `bench-${serial}`
      const { promise: allSaw, resolve } = Promise.withResolvers<void>()
      let missing = count
      const sent = performance.now()
      watchers.onName = (seen) => {
        if (seen !== name) return
        latencies.push(performance.now() - sent)
        missing -= 1
        if (missing === 0) resolve()
      }
      await session.post(name)
      answers.push(performance.now() - sent)
      await allSaw
    }
    let expected = SETTLED_WRITES * count
    const { promise: allArrived, resolve } = Promise.withResolvers<void>()
    watchers.onName = () => {
      expected -= 1
      if (expected === 0) resolve()
    }
    const before = server.processorTime()
    await manyWrites(session)
    await allArrived
    const processor = (server.processorTime() - before) / SETTLED_WRITES
    return {
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      write: quantile(answers, 0.5),
      processor,
    }
  } finally {
    await watchers.close()
  }
}
