// Appends that would wait for each other anyway (the same run, or the same owner) and are asked for while one of them
// is under way share the next transaction. Different runs go their own ways at the same time.

import { isKubeswarmError } from '../../../domain/error.ts'

interface Appendable {
  readonly records: readonly unknown[]
}

interface Waiting<Request> {
  readonly request: Request
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** A transaction that holds a run for longer keeps others from it. */
const MOST_RECORDS = 256

/**
 * `append` writes several requests with the same key as one and answers each. Where that fails for another reason than
 * a refusal, each is tried alone: a record that was written is not written again.
 */
export const appendTogether = <Request extends Appendable, Answer>({
  keyOf,
  append,
}: {
  readonly keyOf: (request: Request) => string
  readonly append: (requests: readonly Request[]) => Promise<readonly Answer[]>
}): ((request: Request) => Promise<Answer>) => {
  const queues = new Map<string, Waiting<Request>[]>()

  const settle = async (batch: readonly Waiting<Request>[]): Promise<void> => {
    try {
      const answers = await append(batch.map(({ request }) => request))
      batch.forEach(({ resolve }, index) => resolve(answers[index] as never))
    } catch (error) {
      if (batch.length > 1 && !(isKubeswarmError(error) && error.code === 'StaleLease'))
        for (const one of batch) await settle([one])
      else for (const { reject } of batch) reject(error)
    }
  }

  const drain = async (key: string, queue: Waiting<Request>[]): Promise<void> => {
    // What is asked for in this same turn of the event loop comes along.
    await new Promise((resolve) => setImmediate(resolve))
    while (queue.length > 0) await settle(queue.splice(0, countUpTo(queue)))
    queues.delete(key)
  }

  return (request) =>
    new Promise<Answer>((resolve, reject) => {
      const key = keyOf(request)
      const waiting = { request, resolve, reject }
      const queue = queues.get(key)
      if (queue !== undefined) {
        queue.push(waiting)
        return
      }
      const fresh = [waiting]
      queues.set(key, fresh)
      void drain(key, fresh)
    })
}

/** How many of the first fit into one transaction; at least one. */
const countUpTo = (queue: readonly Waiting<Appendable>[]): number => {
  let records = 0
  const past = queue.findIndex(({ request }) => (records += request.records.length) > MOST_RECORDS)
  return past < 0 ? queue.length : Math.max(1, past)
}
