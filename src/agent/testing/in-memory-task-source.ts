// The hub in one page, for tests of the agent: tasks, leases with fences, a journal with deterministic keys, a spend
// ledger. Not durable, and time never takes a lease away: a test does, by `takeAway`.

import { KubeswarmError } from '../../domain/error.ts'
import type { EffectivePolicy } from '../../domain/guardrail/effective-policy.ts'
import { attemptRecords } from '../../domain/journal/attempt-records.ts'
import type { JournalRecord, RecordBody } from '../../domain/journal/record.ts'
import { recordKey } from '../../domain/journal/record.ts'
import { storeText } from '../../domain/journal/stored-text.ts'
import type { Task } from '../../domain/run/task.ts'
import type { LeaseProof } from '../../ports/task-queue.ts'
import type { Standing, TaskSource } from '../../ports/task-source.ts'

interface Entry {
  readonly task: Task
  policy: EffectivePolicy
  fence: number
  state: 'available' | 'leased' | 'ended'
  cancelled: { readonly reason: string } | undefined
}

export interface InMemoryTaskSource extends TaskSource {
  submit(task: Task, policy: EffectivePolicy): void
  setPolicy(task: string, policy: EffectivePolicy): void
  cancel(task: string, reason: string): void
  /** The lease ran out: the next `lease` offers the task again, and the old owner is refused. */
  takeAway(task: string): void
  journal(run: string): readonly JournalRecord[]
  /** What others than agents tell of the task's run. */
  tell(task: string, ...records: readonly RecordBody[]): void
  stateOf(task: string): Entry['state'] | undefined
  /** Called before each write with its records; throwing refuses the write. */
  onWrite: (records: readonly RecordBody[]) => void | Promise<void>
  /** Resolves when the task has ended. */
  ended(task: string): Promise<JournalRecord>
}

export const inMemoryTaskSource = (): InMemoryTaskSource => {
  const entries = new Map<string, Entry>()
  const journals = new Map<string, JournalRecord[]>()
  const contents = new Map<string, string>()
  let spent = 0
  let watchers: (() => void)[] = []
  const changed = (): void => {
    const waiting = watchers
    watchers = []
    for (const watcher of waiting) watcher()
  }
  const owned = ({ task, fence }: LeaseProof): Entry => {
    const entry = entries.get(task)
    if (entry === undefined || entry.state !== 'leased' || entry.fence !== fence) {
      throw new KubeswarmError({
        code: 'StaleLease',
        message: `cannot act on task "${task}": fence ${fence} is stale`,
      })
    }
    return entry
  }
  const standing = ({ policy, cancelled }: Entry): Standing => ({
    expiresAt: new Date(Date.now() + 30_000).toISOString(),
    policy,
    ...(cancelled === undefined ? {} : { cancelled }),
  })
  const append = ({ task }: Entry, records: readonly RecordBody[], texts: readonly string[] = []): void => {
    const journal = journals.get(task.run.uid) ?? []
    journals.set(task.run.uid, journal)
    for (const text of texts) contents.set(storeText(text).sha256, text)
    for (const record of records) {
      const key = recordKey(record)
      if (journal.some((kept) => kept.key === key)) continue
      const at = new Date().toISOString()
      journal.push({ ...record, run: task.run.uid, seq: journal.length + 1, key, at, previous: '', hash: '' })
    }
    changed()
  }

  const source: InMemoryTaskSource = {
    onWrite: () => undefined,
    submit: (task, policy) => {
      entries.set(task.id, { task, policy, fence: 0, state: 'available', cancelled: undefined })
      changed()
    },
    setPolicy: (task, policy) => {
      const entry = entries.get(task)
      if (entry !== undefined) entry.policy = policy
    },
    cancel: (task, reason) => {
      const entry = entries.get(task)
      if (entry !== undefined) entry.cancelled = { reason }
    },
    takeAway: (task) => {
      const entry = entries.get(task)
      if (entry?.state === 'leased') entry.state = 'available'
      changed()
    },
    journal: (run) => journals.get(run) ?? [],
    tell: (task, ...records) => {
      const entry = entries.get(task)
      if (entry !== undefined) append(entry, records)
    },
    stateOf: (task) => entries.get(task)?.state,
    ended: async (task) => {
      for (;;) {
        const entry = entries.get(task)
        const last = entry === undefined ? undefined : journals.get(entry.task.run.uid)?.at(-1)
        if (entry?.state === 'ended' && last !== undefined) return last
        await new Promise<void>((resolve) => watchers.push(resolve))
      }
    },

    lease: async ({ holder, signal }) => {
      while (!signal.aborted) {
        const entry = [...entries.values()].find(({ state }) => state === 'available')
        if (entry !== undefined) {
          entry.fence++
          entry.state = 'leased'
          const { task, fence, policy } = entry
          const records = journals.get(task.run.uid) ?? []
          const history = attemptRecords({ records, step: task.step, attempt: task.attempt })
          append(entry, [
            { type: 'task.leased', step: task.step, attempt: task.attempt, task: task.id, fence, holder },
          ])
          return { task, fence, policy, history, expiresAt: standing(entry).expiresAt }
        }
        await new Promise<void>((resolve) => {
          watchers.push(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      return undefined
    },
    heartbeat: async (proof) => standing(owned(proof)),
    record: async ({ records, contents: texts, ...proof }) => {
      owned(proof)
      await source.onWrite(records)
      const entry = owned(proof)
      append(entry, records, texts)
      return standing(entry)
    },
    reserve: async ({ record, before, ...proof }) => {
      owned(proof)
      await source.onWrite([...(before?.records ?? []), record])
      const entry = owned(proof)
      if (before !== undefined) append(entry, before.records, before.contents)
      const limit = entry.policy.limits.namespaceDailyTokens?.value
      const wanted = record.estimatedInputTokens + record.maxOutputTokens
      if (limit !== undefined && spent + wanted > limit) {
        const resetsAt = '2026-04-24T00:00:00.000Z'
        return {
          standing: standing(entry),
          reservation: { type: 'exhausted', scope: 'namespace', limit, spent, resetsAt },
        }
      }
      spent += wanted
      append(entry, [record])
      return { standing: standing(entry), reservation: { type: 'reserved' } }
    },
    finish: async ({ records, contents: texts, ...proof }) => {
      owned(proof)
      await source.onWrite(records)
      const entry = owned(proof)
      entry.state = 'ended'
      append(entry, records, texts)
    },
    release: async (proof) => {
      owned(proof).state = 'available'
      changed()
    },
    content: async (sha256) => contents.get(sha256),
  }
  return source
}
