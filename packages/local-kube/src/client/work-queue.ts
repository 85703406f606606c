// Work by key: a key is never worked on twice at once, additions while it is being worked on lead to one more turn,
// failures come back with growing delay. It decides nothing about the work.

import { silentLogger, type Logger } from './logger.ts'

export interface WorkQueue {
  add(key: string): void
  addAfter(key: string, milliseconds: number): void
  /** Stops taking work and waits for what is under way. */
  close(): Promise<void>
}

interface Entry {
  dirty: boolean
  failures: number
}

const firstRetry = 10
const longestRetry = 30_000

export function createWorkQueue({
  name,
  work,
  concurrency = 16,
  isQuietFailure = () => false,
  logger = silentLogger,
}: {
  readonly name: string
  readonly work: (key: string) => Promise<void>
  readonly concurrency?: number
  /** Failures that are part of normal life (a lost race) and not worth a warning. */
  readonly isQuietFailure?: (error: unknown) => boolean
  readonly logger?: Logger
}): WorkQueue {
  const active = new Map<string, Entry>()
  const waiting = new Set<string>()
  const failures = new Map<string, number>()
  const timers = new Map<string, { readonly due: number; readonly timer: NodeJS.Timeout }>()
  const running = new Set<Promise<void>>()
  let closed = false

  const pump = (): void => {
    for (const key of waiting) {
      if (closed || running.size >= concurrency) return
      waiting.delete(key)
      const turn = take(key).finally(() => {
        running.delete(turn)
        pump()
      })
      running.add(turn)
    }
  }

  const take = async (key: string): Promise<void> => {
    const entry: Entry = { dirty: false, failures: failures.get(key) ?? 0 }
    active.set(key, entry)
    try {
      await work(key)
      failures.delete(key)
    } catch (error) {
      if (closed) return
      failures.set(key, entry.failures + 1)
      const report = isQuietFailure(error) ? 'debug' : 'warn'
      logger[report]({ queue: name, key, error: String(error) }, 'will try again')
      addAfter(key, Math.min(firstRetry * 2 ** entry.failures, longestRetry) * (0.75 + Math.random() / 2))
    } finally {
      active.delete(key)
      if (entry.dirty) add(key)
    }
  }

  const add = (key: string): void => {
    if (closed) return
    const entry = active.get(key)
    if (entry !== undefined) {
      entry.dirty = true
      return
    }
    waiting.add(key)
    queueMicrotask(pump)
  }

  const addAfter = (key: string, milliseconds: number): void => {
    if (closed) return
    const due = performance.now() + milliseconds
    const known = timers.get(key)
    if (known !== undefined && known.due <= due) return
    clearTimeout(known?.timer)
    const timer = setTimeout(
      () => {
        timers.delete(key)
        add(key)
      },
      Math.min(milliseconds, 2 ** 31 - 1),
    )
    timers.set(key, { due, timer })
  }

  return {
    add,
    addAfter,
    async close() {
      closed = true
      waiting.clear()
      for (const { timer } of timers.values()) clearTimeout(timer)
      timers.clear()
      await Promise.allSettled(running)
    },
  }
}
