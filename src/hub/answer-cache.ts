// Answers kept for a while, at most so many: the least recently used one goes first. Askers of the same question at
// the same time share one answer; a failure is not kept.

import type { Clock } from '../ports/clock.ts'

interface AnswerCache<T> {
  answer(question: string, ask: () => Promise<T>): Promise<T>
}

interface Entry<T> {
  readonly promise: Promise<T>
  expires: number
}

export const createAnswerCache = <T>({
  clock,
  capacity,
  keepMs,
}: {
  readonly clock: Clock
  readonly capacity: number
  readonly keepMs: (answer: T) => number
}): AnswerCache<T> => {
  /** In the order of use, oldest first. */
  const entries = new Map<string, Entry<T>>()
  return {
    answer: (question, ask) => {
      const held = entries.get(question)
      entries.delete(question)
      if (held !== undefined && clock.monotonic() < held.expires) {
        entries.set(question, held)
        return held.promise
      }
      // Until it is answered it is shared without limit.
      const entry: Entry<T> = { promise: ask(), expires: Number.POSITIVE_INFINITY }
      entries.set(question, entry)
      if (entries.size > capacity) {
        const [oldest] = entries.keys()
        if (oldest !== undefined) entries.delete(oldest)
      }
      entry.promise.then(
        (answer) => {
          entry.expires = clock.monotonic() + keepMs(answer)
        },
        () => {
          if (entries.get(question) === entry) entries.delete(question)
        },
      )
      return entry.promise
    },
  }
}
