// Answers a sender that waits for the run: with its end (`sync`), or with everything on the way (`sse`).

import type { EventKey } from '../ports/inbox.ts'
import type { HubContext } from './context.ts'
import { untilEither } from './either-signal.ts'
import { followRun } from './follow-run.ts'
import { invalidInput } from './refusal.ts'
import { createRunProgress } from './run-progress.ts'
import type { FireProgress, FireReply, SyncReply } from './wire.ts'

export type FireMode = 'async' | 'sync' | 'sse'

/** What the query of a delivery asks for. */
export interface Wish {
  readonly mode: FireMode
  readonly timeoutMs: number
}

const TIMEOUTS: Readonly<Record<FireMode, number>> = { async: 0, sync: 30_000, sse: 600_000 }
const LONGEST_MS = 3_600_000

/** Throws `InvalidInput`. */
export const wishOf = (query: URLSearchParams): Wish => {
  const mode = query.get('mode') ?? 'async'
  if (mode !== 'async' && mode !== 'sync' && mode !== 'sse')
    throw invalidInput(
      `query parameter mode="${mode.slice(0, 40)}" is not known`,
      'modes are async, sync and sse',
    )
  const text = query.get('timeout')
  if (text === null) return { mode, timeoutMs: TIMEOUTS[mode] }
  const { amount = '', unit = 's' } = /^(?<amount>\d{1,7})(?<unit>ms|s|m|h)?$/.exec(text)?.groups ?? {}
  const timeoutMs = Number(amount) * ({ ms: 1, s: 1000, m: 60_000, h: LONGEST_MS }[unit] ?? 1000)
  if (amount === '' || timeoutMs < 1 || timeoutMs > LONGEST_MS)
    throw invalidInput(
      `query parameter timeout="${text.slice(0, 40)}" is not a time up to 1h`,
      'for example timeout=30s',
    )
  return { mode, timeoutMs }
}

interface Waiting {
  readonly context: HubContext
  readonly reply: FireReply
  readonly promise: EventKey & { readonly delivery: string; readonly run: string }
  readonly timeoutMs: number
  /** Aborts when the sender is gone. */
  readonly gone: AbortSignal
  /** Called once, when nobody waits any more. */
  readonly left?: () => void
}

/** Everything that is told about the run, the end last; without an end the time was up. */
async function* progressOf({
  context,
  promise,
  timeoutMs,
  gone,
}: Waiting): AsyncGenerator<FireProgress | 'idle'> {
  const { clock, closing, store } = context
  using either = untilEither(closing, gone)
  const timeUp = new AbortController()
  using signal = untilEither(either.signal, timeUp.signal)
  const stopTimer = clock.after(timeoutMs, () => timeUp.abort())
  const progress = createRunProgress({
    run: promise.run,
    journal: store.journal,
    startedAt: clock.now(),
    now: clock.now,
  })
  try {
    for await (const news of followRun({ context, promise, longestMs: timeoutMs, signal: signal.signal })) {
      if (news.type === 'idle') yield 'idle'
      yield* await progress.take(news)
    }
  } finally {
    stopTimer()
  }
}

const isEnd = (
  told: FireProgress,
): told is FireProgress & { readonly event: 'flow.completed' | 'flow.failed' } =>
  told.event === 'flow.completed' || told.event === 'flow.failed'

export const answerAtEnd = async (
  waiting: Waiting,
): Promise<{ readonly status: 200 | 500 | 504; readonly reply: SyncReply }> => {
  const dropped = droppedReply(waiting.reply)
  if (dropped !== undefined) return { status: 200, reply: dropped }
  for await (const told of progressOf(waiting)) {
    if (told !== 'idle' && isEnd(told))
      return { status: told.data.status === 'succeeded' ? 200 : 500, reply: told.data }
  }
  const { promise, timeoutMs } = waiting
  const error = `run ${promise.run} has not ended within ${timeoutMs} ms and goes on`
  return {
    status: 504,
    reply: { ...nothing, status: 'timeout', run: promise.run, error, durationMs: timeoutMs },
  }
}

const nothing = { output: '', tokenUsage: { inputTokens: 0, outputTokens: 0 } } as const

const droppedReply = ({ run, dropped }: FireReply): SyncReply | undefined =>
  run !== ''
    ? undefined
    : { ...nothing, status: 'dropped', run, error: dropped?.message ?? '', durationMs: 0 }

/** The body of a stream: https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.6. */
export const streamProgress = (waiting: Waiting): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  const lines = linesOf(waiting)
  let left = false
  const leave = (): void => {
    if (!left) waiting.left?.()
    left = true
  }
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await lines.next()
      if (done === true) {
        leave()
        controller.close()
      } else controller.enqueue(encoder.encode(value))
    },
    cancel: async () => {
      leave()
      await lines.return(undefined)
    },
  })
}

async function* linesOf(waiting: Waiting): AsyncGenerator<string, undefined> {
  yield block({ event: 'run.accepted', data: waiting.reply })
  const dropped = droppedReply(waiting.reply)
  if (dropped !== undefined) {
    yield block({ event: 'flow.completed', data: dropped })
    return undefined
  }
  try {
    for await (const told of progressOf(waiting)) {
      // A comment keeps the connection from being taken for dead.
      yield told === 'idle' ? ':\n\n' : block(told)
      if (told !== 'idle' && isEnd(told)) return undefined
    }
    yield block({
      event: 'error',
      data: {
        message: `run ${waiting.promise.run} has not ended within ${waiting.timeoutMs} ms and goes on`,
      },
    })
  } catch (error) {
    waiting.context.logger.error({ err: error, run: waiting.promise.run }, 'progress stream failed')
    yield block({ event: 'error', data: { message: 'internal error; the run goes on' } })
  }
  return undefined
}

const block = ({ event, data }: FireProgress): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
