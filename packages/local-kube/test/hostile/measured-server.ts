/** The API server in a process of its own that says how long its event loop stood still for a request. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import type { Target } from '../conformance-runner.ts'

export interface Standstill {
  /** Longest, in milliseconds. */
  readonly stall: number
  /** Processor time of all threads, in milliseconds. */
  readonly work: number
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

export interface MeasuredServer {
  readonly target: Target
  /** Since it was last asked. */
  readonly standstill: () => Promise<Standstill>
  readonly send: (sent: {
    readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    readonly path: string
    readonly type?: string
    readonly body?: string | Buffer
    readonly headers?: Readonly<Record<string, string>>
  }) => Promise<Answer>
  readonly isAlive: () => boolean
  readonly close: () => Promise<void>
}

export async function startMeasuredServer(): Promise<MeasuredServer> {
  const child = fork(fileURLToPath(new URL('./serve.fixture.ts', import.meta.url)))
  const [target] = (await once(child, 'message')) as [Target]
  const agent = new Agent({ headersTimeout: 120_000, bodyTimeout: 120_000 })
  return {
    target,
    async standstill() {
      const answer = once(child, 'message')
      child.send('how long?')
      return ((await answer) as [Standstill])[0]
    },
    async send({ method = 'POST', path, type = 'application/json', body, headers }) {
      const answer = await request(target.url + path, {
        dispatcher: agent,
        method,
        headers: {
          authorization: `Bearer ${target.token}`,
          ...(body === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        body: body ?? null,
      })
      return {
        status: answer.statusCode,
        type: String(answer.headers['content-type']),
        text: await answer.body.text(),
      }
    },
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async close() {
      await agent.destroy()
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
