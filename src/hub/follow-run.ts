// A run that was promised, followed from the promise to its end: it may have to wait, may never be created, may be
// refused at its start, and otherwise has a journal that tells everything.

import type { JournalRecord } from '../domain/journal/record.ts'
import type { RunEnding } from '../ports/event-catalog.ts'
import type { EventKey } from '../ports/inbox.ts'
import { awaitRun } from './await-run.ts'
import type { HubContext } from './context.ts'
import { followJournal } from './follow-journal.ts'

export type RunNews =
  | { readonly type: 'records'; readonly records: readonly JournalRecord[] }
  | { readonly type: 'idle' }
  /** Over without a record of it. */
  | { readonly type: 'over'; readonly ending: RunEnding }

/** Ends with the run, or when `signal` aborts. */
export async function* followRun({
  context: { store, events, clock },
  promise,
  longestMs,
  signal,
}: {
  readonly context: HubContext
  readonly promise: EventKey & { readonly delivery: string; readonly run: string }
  readonly longestMs: number
  readonly signal: AbortSignal
}): AsyncGenerator<RunNews> {
  const run = { namespace: promise.namespace, name: promise.run }
  const decided = new AbortController()
  const abort = (): void => decided.abort()
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  let uid: string | undefined
  try {
    const journal = awaitRun({
      journal: store.journal,
      run,
      waitMs: longestMs,
      signal: decided.signal,
      clock,
    })
    const first = await Promise.race([
      journal.then((found) =>
        found === undefined ? undefined : ({ type: 'journal', uid: found.uid } as const),
      ),
      events.ended(run, decided.signal).then((ending) => over(ending)),
      refusal({ store, promise, signal: decided.signal }).then((ending) => over(ending)),
    ])
    if (first?.type === 'over') {
      // A run that ended in a hurry has both a status and a journal; the journal knows more.
      uid = (await store.journal.find(run))?.uid
      if (uid === undefined) return yield first
    } else uid = first?.uid
  } finally {
    signal.removeEventListener('abort', abort)
    abort()
  }
  if (uid === undefined) return
  for await (const records of followJournal({ journal: store.journal, run: uid, after: 0, signal, clock }))
    yield records === 'idle' ? { type: 'idle' } : { type: 'records', records }
}

const over = (ending: RunEnding | undefined): (RunNews & { readonly type: 'over' }) | undefined =>
  ending === undefined ? undefined : { type: 'over', ending }

/** Resolves when the promise is taken back; undefined when `signal` aborts. */
const refusal = async ({
  store,
  promise,
  signal,
}: {
  readonly store: HubContext['store']
  readonly promise: EventKey & { readonly delivery: string; readonly run: string }
  readonly signal: AbortSignal
}): Promise<RunEnding | undefined> => {
  const { promise: found, resolve, reject } = Promise.withResolvers<RunEnding | undefined>()
  const look = (): void => {
    store.inbox.fate(promise).then((fate) => {
      if (fate?.type === 'refused') resolve({ phase: 'Failed', reason: 'Refused', message: fate.message })
    }, reject)
  }
  const stop = store.inbox.subscribe((about) => {
    if (about === undefined || (about.namespace === promise.namespace && about.event === promise.event))
      look()
  })
  const onAbort = (): void => resolve(undefined)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  look()
  try {
    return await found
  } finally {
    stop()
    signal.removeEventListener('abort', onAbort)
  }
}
