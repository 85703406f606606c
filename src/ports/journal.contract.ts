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

    test('F66 runs come page by page, the newest first, of one namespace or of all', async () => {
      const names = ['a', 'b', 'c', 'd', 'e']
      for (const name of names) {
        const run = runKey(name)
        await store.journal.append({ run, records: [started()] })
        clock.advance(1000)
      }
      const elsewhere = { namespace: 'other', name: 'f', uid: 'uid-f' }
      await store.journal.append({ run: elsewhere, records: [started(), finished()] })
      const { namespace } = runKey()
      const first = await store.journal.runs({ namespace, limit: 3 })
      expect(first.map(({ name }) => name)).toEqual(['e', 'd', 'c'])
      const before = first.at(-1)
      const rest = await store.journal.runs({
        namespace,
        limit: 3,
        ...(before === undefined ? {} : { before }),
      })
      expect(rest.map(({ name }) => name)).toEqual(['b', 'a'])
      expect((await store.journal.runs({ limit: 2 })).map(({ name }) => name)).toEqual(['f', 'e'])
    })

    test('runs that ended before a time are left out', async () => {
      await store.journal.append({ run: runKey('old'), records: [started(), finished()] })
      await store.journal.append({ run: runKey('long'), records: [started()] })
      clock.advance(60_000)
      const since = new Date(clock.now()).toISOString()
      await store.journal.append({ run: runKey('new'), records: [started(), finished()] })
      const found = await store.journal.runs({ since, limit: 10 })
      expect(found.map(({ name }) => name)).toEqual(['new', 'long'])
    })

    test('A1 a whole journal is verified with its texts', async () => {
      const text = 'é'.repeat(10_000)
      const task = taskOf()
      await store.journal.append({
        run: runKey(),
        records: [started(), submitted(task), responded(task, { text }), completed(task)],
        contents: [text, 'done'],
      })
      const head = (await store.journal.read({ run: runKey().uid })).at(-1)?.hash
      expect(await store.journal.verify({ run: runKey().uid })).toEqual({ type: 'intact', records: 4, head })
      expect(await store.journal.verify({ run: 'nobody' })).toMatchObject({ type: 'intact', records: 0 })
    })

    test('A1 a text that is not there is missed, and its record named', async () => {
      const task = taskOf()
      await store.journal.append({
        run: runKey(),
        records: [started(), responded(task, { text: 'x'.repeat(10_000) })],
      })
      expect(await store.journal.verify({ run: runKey().uid })).toMatchObject({ type: 'broken', seq: 2 })
    })

    test('F66 a forgotten run leaves nothing behind, and another keeps the text they share', async () => {
      const [shared, own] = ['s'.repeat(10_000), 'o'.repeat(10_000)]
      for (const name of ['a', 'b']) {
        const run = runKey(name)
        const task = taskOf({ run })
        await store.tasks.submit({ task, records: [started(), submitted(task)] })
        const lease = await store.tasks.lease({
          agent: agentKey(),
          holder: 'pod',
          leaseMs: 10_000,
          waitMs: 0,
        })
        const proof = { task: task.id, fence: lease?.fence ?? 0 }
        await store.tasks.reserve({ ...proof, record: requested(task) })
        const contents = name === 'a' ? [shared, own] : [shared]
        await store.tasks.finish({ ...proof, records: [completed(task, shared)], contents })
        await store.journal.append({ run, records: [finished()] })
      }
      await store.journal.forget({ runs: [runKey('a').uid, 'nobody'] })
      expect(await store.journal.read({ run: runKey('a').uid })).toEqual([])
      expect(await store.journal.find(runKey('a'))).toBeUndefined()
      expect(await store.tasks.find(taskOf({ run: runKey('a') }).id)).toBeUndefined()
      expect(await store.journal.content(storeText(own).sha256)).toBeUndefined()
      expect(await store.journal.content(storeText(shared).sha256, { run: runKey('b').uid })).toBe(shared)
      expect(await store.journal.verify({ run: runKey('b').uid })).toMatchObject({ type: 'intact' })
    })

    test('a run that has not finished is not forgotten', async () => {
      await store.journal.append({ run: runKey(), records: [started()] })
      await store.journal.forget({ runs: [runKey().uid] })
      expect(await store.journal.read({ run: runKey().uid })).toHaveLength(1)
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
