// Time and order of a simulated world. Whatever happens later is an entry here: a message under way, an answer, a
// timer. The earliest entry runs next; of several at one time the seed says which. Between two entries everything the
// first set off comes to rest.

import type { Random } from './random.ts'

/** Whose entry it is: a dead owner's never runs, a paused one's waits. */
export interface Owner {
  readonly alive: boolean
  readonly pausedUntil: number
}

interface Entry {
  at: number
  readonly tie: number
  readonly owner: Owner | undefined
  readonly action: () => void
  cancelled: boolean
}

export class Scheduler {
  now: number
  readonly #random: Random
  // A binary heap: the smallest (at, tie) is first.
  readonly #heap: Entry[] = []

  constructor({ random, start }: { readonly random: Random; readonly start: number }) {
    this.#random = random
    this.now = start
  }

  /** Runs `action` in `ms`, unless the returned function is called before. */
  after(ms: number, action: () => void, owner?: Owner): () => void {
    const at = this.now + Math.max(0, ms)
    const entry: Entry = { at, tie: this.#random.next(), owner, action, cancelled: false }
    this.#push(entry)
    return () => {
      entry.cancelled = true
    }
  }

  /** Runs the next entry; false when there is none before `end`. */
  async step(end: number): Promise<boolean> {
    for (let entry = this.#pop(end); entry !== undefined; entry = this.#pop(end)) {
      const { owner } = entry
      if (entry.cancelled || owner?.alive === false) continue
      if (owner !== undefined && owner.pausedUntil > entry.at) {
        entry.at = owner.pausedUntil
        this.#push(entry)
        continue
      }
      this.now = Math.max(this.now, entry.at)
      entry.action()
      await atRest()
      return true
    }
    return false
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    heap.push(entry)
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  #pop(end: number): Entry | undefined {
    const heap = this.#heap
    const [first] = heap
    if (first === undefined || first.at > end) return undefined
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      heap[0] = last
      for (let parent = 0; ;) {
        const left = 2 * parent + 1
        const smaller = left + 1 < heap.length && this.#isBefore(left + 1, left) ? left + 1 : left
        if (smaller >= heap.length || !this.#isBefore(smaller, parent)) break
        this.#swap(smaller, parent)
        parent = smaller
      }
    }
    return first
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one] as Entry
    const b = this.#heap[other] as Entry
    return a.at === b.at ? a.tie < b.tie : a.at < b.at
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap
    const entry = heap[one] as Entry
    heap[one] = heap[other] as Entry
    heap[other] = entry
  }
}

// The store commits in a turn of the event loop of its own, and what waits for the commit may write again: two turns
// let both happen. Everything else is promises, which are through before the first.
const atRest = async (): Promise<void> => {
  await new Promise(setImmediate)
  await new Promise(setImmediate)
}
