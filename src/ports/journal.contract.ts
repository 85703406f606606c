// What every journal must keep, whatever holds it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../domain/journal/hash-chain.ts'
import { storeText } from '../domain/journal/stored-text.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import type { Store } from './store.ts'
import {
  agentKey,
  completed,
  finished,
  intended,
  requested,
  responded,
  runKey,
  started,
  submitted,
  taskOf,
  type StoreFactory,
} from './store.fixtures.ts'

export const journalContract = ({ open }: StoreFactory): void => {
  describe('journal', () => {
    let clock: ManualClock
    let store: Store
    beforeEach(async () => {
      clock = createManualClock()
      store = await open({ clock })
    })
    afterEach(() => store.close())

    test('A1 records are numbered from 1 without gaps and chained by hash', async () => {
      const run = runKey()
      const task = taskOf()
      await store.journal.append({ run, records: [started(), submitted(task)] })
      await Promise.all(
        [1, 2, 3].map((turn) => store.journal.append({ run, records: [requested(task, { turn })] })),
      )
      const records = await store.journal.read({ run: run.uid })
      expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
      expect(verifyChain(records)).toMatchObject({ type: 'intact', records: 5 })
    })

    test('F07 D2 the first record of a key wins, and the answer tells what is stored', async () => {
      const run = runKey()
      const task = taskOf()
      await store.journal.append({ run, records: [completed(task, 'first')] })
      const [again] = await store.journal.append({ run, records: [completed(task, 'second')] })
      expect(again).toMatchObject({ seq: 1, output: storeText('first') })
      expect(await store.journal.read({ run: run.uid })).toHaveLength(1)
    })

    test('a run that is reopened is unfinished again, until it ends in its next round', async () => {
      const run = runKey()
      await store.journal.append({ run, records: [started(), finished()] })
      await store.journal.append({ run, records: [{ type: 'run.reopened', round: 2, by: 'alice' }] })
      expect(await store.journal.unfinished()).toMatchObject([{ uid: run.uid, phase: 'Running' }])
      expect(await store.journal.find(run)).not.toHaveProperty('finishedAt')
      await store.journal.append({ run, records: [{ ...finished(), round: 2 }] })
      expect(await store.journal.unfinished()).toEqual([])
      expect(await store.journal.find(run)).toMatchObject({ phase: 'Succeeded' })
    })

    test('the same record twice in one append is kept once', async () => {
      const run = runKey()
      await store.journal.append({ run, records: [started(), started()] })
      expect(await store.journal.read({ run: run.uid })).toHaveLength(1)
    })

    test('runs do not share numbers', async () => {
      await store.journal.append({ run: runKey('a'), records: [started()] })
      await store.journal.append({ run: runKey('b'), records: [started()] })
      expect((await store.journal.read({ run: 'uid-b' })).map(({ seq }) => seq)).toEqual([1])
    })

    test('read continues after a number, and a run that never started is empty', async () => {
      const run = runKey()
      const task = taskOf()
      await store.journal.append({ run, records: [started(), submitted(task), intended(task)] })
      expect((await store.journal.read({ run: run.uid, after: 1 })).map(({ type }) => type)).toEqual([
        'step.submitted',
        'tool.intended',
      ])
      expect(await store.journal.read({ run: 'nobody' })).toEqual([])
    })

    test.each([
      { reason: 'plain', text: 'hello' },
      { reason: 'empty', text: '' },
      { reason: 'NUL inside', text: 'a\0b' },
      { reason: 'emoji and right-to-left override', text: '🧯\u202Eevil' },
      { reason: 'larger than a head', text: 'x'.repeat(100_000) },
    ])('a content comes back as it was: $reason', async ({ text }) => {
      const task = taskOf()
      await store.journal.append({ run: runKey(), records: [responded(task, { text })], contents: [text] })
      expect(await store.journal.content(storeText(text).sha256)).toBe(text)
    })

    test('a record comes back as it was, hostile text included', async () => {
      const run = runKey()
      const text = `{{ .secrets }} '; DROP TABLE records; -- \0 \u202E`
      const [written] = await store.journal.append({ run, records: [responded(taskOf(), { text })] })
      expect(await store.journal.read({ run: run.uid })).toEqual([written])
    })

    test('a content is readable for the run that wrote it and for agents with a task in it, and for no other', async () => {
      const mine = taskOf()
      const theirs = taskOf({ run: runKey('other'), agent: agentKey('stranger') })
      await store.tasks.submit({ task: mine, records: [submitted(mine)] })
      await store.tasks.submit({ task: theirs, records: [submitted(theirs)] })
      await store.journal.append({ run: mine.run, records: [responded(mine)], contents: ['I found it.'] })
      const { sha256 } = storeText('I found it.')
      expect(await store.journal.content(sha256, { agent: agentKey() })).toBe('I found it.')
      expect(await store.journal.content(sha256, { agent: agentKey('stranger') })).toBeUndefined()
      expect(await store.journal.content(sha256, { run: mine.run.uid })).toBe('I found it.')
      expect(await store.journal.content(sha256, { run: theirs.run.uid })).toBeUndefined()
    })

    test('find tells the newest run of a name and how it ended', async () => {
      const old = { ...runKey(), uid: 'old' }
      await store.journal.append({ run: old, records: [started(), finished()] })
      clock.advance(1000)
      await store.journal.append({ run: runKey(), records: [started()] })
      const { namespace, name } = old
      expect(await store.journal.find({ namespace, name })).toEqual({
        ...runKey(),
        phase: 'Running',
        startedAt: '2026-04-01T02:52:01.000Z',
      })
      await store.journal.append({ run: runKey(), records: [finished()] })
      expect(await store.journal.find({ namespace, name })).toMatchObject({
        uid: runKey().uid,
        phase: 'Succeeded',
        finishedAt: '2026-04-01T02:52:01.000Z',
      })
      expect(await store.journal.find({ namespace: 'elsewhere', name })).toBeUndefined()
    })

    test('F01 unfinished lists the runs without an end', async () => {
      await store.journal.append({ run: runKey('a'), records: [started()] })
      await store.journal.append({ run: runKey('b'), records: [started(), finished()] })
      expect((await store.journal.unfinished()).map(({ name }) => name)).toEqual(['a'])
    })

    test('a listener hears of growth once it can be read, and not of repetitions', async () => {
      const run = runKey()
      const heard: Promise<number>[] = []
      const stop = store.journal.subscribe(({ uid }) => {
        heard.push(store.journal.read({ run: uid }).then((records) => records.length))
      })
      await store.journal.append({ run, records: [started()] })
      await store.journal.append({ run, records: [started()] })
      stop()
      await store.journal.append({ run, records: [finished()] })
      expect(await Promise.all(heard)).toEqual([1])
    })

    test('a listener that throws harms nobody', async () => {
      store.journal.subscribe(() => {
        throw new Error('listener')
      })
      const [record] = await store.journal.append({ run: runKey(), records: [started()] })
      expect(record?.seq).toBe(1)
    })
  })
}
