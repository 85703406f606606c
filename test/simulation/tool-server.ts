// The tool server of a simulated agent. What arrives stands in the ledger; the answer may never be heard.

import { KubeswarmError } from '../../src/domain/error.ts'
import type { ToolDefinition, ToolResult, ToolServer } from '../../src/ports/tool-server.ts'
import type { SimulatedProcess } from './process.ts'
import { server, tools, type SimulatedTool } from './scenario.ts'
import type { World } from './world.ts'

/** As the MCP adapter waits. */
const callTimeoutMs = 30_000

const definitions: readonly ToolDefinition[] = Object.keys(tools).map((name) => ({
  name,
  description: name,
  inputSchema: { type: 'object' },
}))

export const simulatedToolServer = ({
  world,
  process,
}: {
  readonly world: World
  readonly process: SimulatedProcess
}): ToolServer => {
  const { random, faults, scheduler } = world
  const exchange = <T>({
    signal,
    arrive,
  }: {
    readonly signal: AbortSignal
    readonly arrive: () => T
  }): Promise<T> =>
    new Promise((resolve, reject) => {
      if (!process.alive || world.mayDie(process)) return
      const later = (ms: number, deliver: () => void): void => {
        scheduler.after(
          ms,
          () => {
            if (!world.mayDie(process)) deliver()
          },
          process,
        )
      }
      scheduler.after(random.between(1, 50), () => {
        if (faults.strikes('toolRefuses'))
          return later(5, () => reject(unavailable('ECONNREFUSED', 'nothing listens there')))
        if (faults.strikes('toolLostBefore'))
          return later(5, () => reject(unavailable('ECONNRESET', 'the connection broke')))
        const answer = arrive()
        const ms = faults.strikes('toolSlow') ? random.between(5000, 40_000) : random.between(5, 600)
        if (faults.strikes('toolLostAfter'))
          return later(ms, () => reject(unavailable('ECONNRESET', 'the connection broke')))
        if (ms > callTimeoutMs) return later(callTimeoutMs, () => reject(late()))
        later(ms, () => resolve(answer))
      })
      signal.addEventListener('abort', () => reject(stopped()))
    })

  return {
    name: server,
    listTools: ({ signal }) => exchange({ signal, arrive: () => definitions }),
    callTool: ({ tool, arguments: args, idempotencyKey, signal }) =>
      exchange({
        signal,
        arrive: (): ToolResult => {
          world.toolCalled({ process, tool: tool as SimulatedTool, arguments: args, key: idempotencyKey })
          return { text: `${tool} ok`, isError: faults.strikes('toolFails'), truncated: false }
        },
      }),
    close: () => Promise.resolve(),
  }
}

const unavailable = (code: string, message: string): KubeswarmError =>
  new KubeswarmError({
    code: 'ToolServerUnavailable',
    message,
    retryable: true,
    cause: Object.assign(new Error(message), { code }),
  })
const late = (): KubeswarmError => new KubeswarmError({ code: 'ToolTimeout', message: 'no answer in time' })
const stopped = (): KubeswarmError =>
  new KubeswarmError({ code: 'TaskCancelled', message: 'the call was stopped' })
