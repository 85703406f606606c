import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createWorkQueue } from './work-queue.ts'

describe('a work queue', () => {
  it('never works on one key twice at once, and turns again for what came in meanwhile', async () => {
    let running = 0
    let turns = 0
    const gate = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    const queue = createWorkQueue({
      name: 'test',
      async work() {
        running += 1
        expect(running).toBe(1)
        turns += 1
        if (turns === 1) await gate.promise
        else second.resolve()
        running -= 1
      },
    })
    queue.add('a')
    await sleep(5)
    for (let times = 0; times < 5; times += 1) queue.add('a')
    gate.resolve()
    await second.promise
    await sleep(20)
    expect(turns).toBe(2)
    await queue.close()
  })

  it('tries a failed key again and lets other keys pass', async () => {
    const done: string[] = []
    let failures = 0
    const queue = createWorkQueue({
      name: 'test',
      async work(key) {
        if (key === 'bad' && failures++ < 3) throw new Error('not yet')
        done.push(key)
      },
    })
    queue.add('bad')
    queue.add('good')
    while (done.length < 2) await sleep(5)
    expect(done).toEqual(['good', 'bad'])
    await queue.close()
  })
})
