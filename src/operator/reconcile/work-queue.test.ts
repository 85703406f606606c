import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createManualClock } from '../../ports/manual-clock.ts'
import { createWorkQueue } from './work-queue.ts'

const setUp = (options: { readonly random?: () => number } = {}) => {
  const clock = createManualClock()
  const queue = createWorkQueue({
    clock,
    random: options.random ?? (() => 0.5),
    baseDelayMs: 100,
    maxDelayMs: 1_000,
  })
  return { clock, queue }
}

test('a key added many times while it waits is handed out once', async () => {
  const { queue } = setUp()
  for (let index = 0; index < 10; index += 1) queue.add('a')
  queue.add('b')
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b'])
  expect(queue.size).toBe(0)
})

test('a key added while it is worked on comes again, after it is done and not before', async () => {
  const { queue } = setUp()
  queue.add('a')
  expect(await queue.take()).toBe('a')
  queue.add('a')
  queue.add('a')
  expect(queue.size).toBe(0)
  queue.done('a')
  expect(await queue.take()).toBe('a')
  queue.done('a')
  expect(queue.size).toBe(0)
})

test('each failure in a row waits longer, up to the limit, and success starts anew', () => {
  const { clock, queue } = setUp({ random: () => 0 })
  const waited = (): number => {
    queue.addRateLimited('a')
    let ms = 0
    for (; queue.size === 0; ms += 1) clock.advance(1)
    void queue.take()
    queue.done('a')
    return ms
  }
  expect([waited(), waited(), waited(), waited(), waited(), waited()]).toEqual([50, 100, 200, 400, 500, 500])
  queue.forget('a')
  expect(waited()).toBe(50)
})

test('what the other side asked for is waited at least (F62)', () => {
  const { clock, queue } = setUp()
  queue.addRateLimited('a', 5_000)
  clock.advance(4_999)
  expect(queue.size).toBe(0)
  clock.advance(1)
  expect(queue.size).toBe(1)
})

test('of two appointments of one key the earlier holds', () => {
  const { clock, queue } = setUp()
  queue.addAfter('a', 500)
  queue.addAfter('a', 100)
  queue.addAfter('a', 300)
  clock.advance(100)
  expect(queue.size).toBe(1)
  void queue.take()
  queue.done('a')
  clock.advance(1_000)
  expect(queue.size).toBe(0)
})

test('draining waits for the work in hand, and nothing is handed out afterwards', async () => {
  const { clock, queue } = setUp()
  queue.add('a')
  await queue.take()
  const idle = queue.take()
  queue.addAfter('c', 10)
  let drained = false
  const draining = queue.drain().then(() => (drained = true))
  queue.add('b')
  clock.advance(100)
  expect(await idle).toBeUndefined()
  expect(drained).toBe(false)
  queue.done('a')
  await draining
  expect(await queue.take()).toBeUndefined()
})

test('no interleaving of adds and workers loses a key or works on one twice at a time', async () => {
  const keys = ['a', 'b', 'c'] as const
  const step = fc.oneof(
    fc.record({ type: fc.constant('add' as const), key: fc.constantFrom(...keys) }),
    fc.record({
      type: fc.constant('later' as const),
      key: fc.constantFrom(...keys),
      ms: fc.integer({ min: 1, max: 50 }),
    }),
    fc.record({ type: fc.constant('take' as const) }),
    fc.record({ type: fc.constant('finish' as const), key: fc.constantFrom(...keys) }),
    fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, queue } = setUp()
      const inWork = new Set<string>()
      // Keys with a change that no finished piece of work has begun after.
      const unseen = new Set<string>()
      const take = async () => {
        const key = await queue.take()
        if (key === undefined) throw new Error('the queue is not closed')
        expect(inWork.has(key)).toBe(false)
        inWork.add(key)
        unseen.delete(key)
      }
      for (const action of steps) {
        switch (action.type) {
          case 'add':
            queue.add(action.key)
            unseen.add(action.key)
            break
          case 'later':
            queue.addAfter(action.key, action.ms)
            unseen.add(action.key)
            break
          case 'take':
            if (queue.size > 0) await take()
            break
          case 'finish':
            if (inWork.delete(action.key)) queue.done(action.key)
            break
          case 'advance':
            clock.advance(action.ms)
            break
        }
      }
      // Let everything come to its end: each change must have been seen.
      clock.advance(100)
      for (const key of inWork) queue.done(key)
      inWork.clear()
      while (queue.size > 0) await take()
      expect([...unseen]).toEqual([])
    }),
  )
})
