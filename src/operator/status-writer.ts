// Writes the status of one object as fast as the API server takes it and never faster: one write in flight, the
// newest status wins, but no phase is left out, so that a watcher sees each of them. Who hands a status over does not
// wait for it.

import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { KubernetesApiError } from '../ports/resources.ts'

export interface StatusWriter<S> {
  /** What may wait `withinMs` waits for others to come; a newer status takes its place. */
  push(status: S, options?: { readonly withinMs?: number }): void
  /** The status last handed over. */
  readonly latest: S | undefined
  /** Resolves when nothing is waiting to be written. */
  settled(): Promise<void>
  /** Drops what waits. */
  close(): void
}

const retryBaseMs = 50
const retryMaxMs = 10_000

export const createStatusWriter = <S>({
  initial,
  phaseOf,
  write,
  clock,
  logger,
}: {
  readonly initial: S | undefined
  /** Two statuses of different phases are never merged into one write. */
  readonly phaseOf: (status: S) => string | undefined
  /** Brings the object from `before` (as last written) to `status`. */
  readonly write: (status: S, before: S | undefined) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}): StatusWriter<S> => {
  let written = initial
  let latest = initial
  let waiting: S[] = []
  let appointment: { readonly at: number; readonly cancel: () => void } | undefined
  let writing = false
  let closed = false
  let idle: (() => void)[] = []

  const later = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))

  const loop = async (): Promise<void> => {
    writing = true
    for (let failures = 0; waiting.length > 0 && !closed;) {
      const [status] = waiting as [S, ...S[]]
      try {
        await write(status, written)
        written = status
        failures = 0
        // A newer status of the same phase may have taken its place meanwhile: that one still has to be written.
        if (waiting[0] === status) waiting.shift()
      } catch (error) {
        const api = error instanceof KubernetesApiError ? error : undefined
        // The object is gone, or will never take this status: no repetition helps.
        const hopeless = api !== undefined && [400, 404, 413, 422].includes(api.status)
        if (hopeless) {
          if (api.status !== 404) logger.error({ err: error }, 'status refused')
          waiting.shift()
          continue
        }
        failures += 1
        if (failures === 3) logger.warn({ err: error }, 'status not written, trying on')
        await later(api?.retryAfterMs ?? Math.min(retryMaxMs, retryBaseMs * 2 ** failures))
      }
    }
    writing = false
    for (const resolve of idle) resolve()
    idle = []
  }

  const enqueue = (): void => {
    appointment?.cancel()
    appointment = undefined
    const status = latest
    if (status === undefined || closed) return
    const last = waiting.at(-1)
    if (last !== undefined && phaseOf(last) === phaseOf(status)) waiting = [...waiting.slice(0, -1), status]
    else waiting.push(status)
    if (!writing) void loop()
  }

  return {
    push(status, { withinMs = 0 } = {}) {
      latest = status
      if (withinMs <= 0) return enqueue()
      const at = clock.monotonic() + withinMs
      if (appointment !== undefined && appointment.at <= at) return
      appointment?.cancel()
      appointment = { at, cancel: clock.after(withinMs, enqueue) }
    },
    get latest() {
      return latest
    },
    settled: () => (writing ? new Promise((resolve) => idle.push(resolve)) : Promise.resolve()),
    close() {
      closed = true
      appointment?.cancel()
    },
  }
}
