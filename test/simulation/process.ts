// A simulated process: it can die (nothing it waits for ever comes), be stopped and go on much later (a zombie), and
// reads time from the world's clock. Timers may be late.

import type { Clock } from '../../src/ports/clock.ts'
import type { Faults } from './faults.ts'
import type { Owner, Scheduler } from './scheduler.ts'

export type ProcessKind = 'operator' | 'hub' | 'agent'

export class SimulatedProcess implements Owner {
  readonly kind: ProcessKind
  readonly name: string
  readonly clock: Clock
  alive = true
  pausedUntil = 0
  readonly #onDeath = new Set<() => void>()

  constructor({
    kind,
    name,
    scheduler,
    faults,
  }: {
    readonly kind: ProcessKind
    readonly name: string
    readonly scheduler: Scheduler
    readonly faults: Faults
  }) {
    this.kind = kind
    this.name = name
    const start = scheduler.now
    this.clock = {
      now: () => scheduler.now,
      monotonic: () => scheduler.now - start,
      after: (ms, action) => scheduler.after(ms + faults.lateness(), action, this),
    }
  }

  /** Ends the process on the spot, as `kill -9` does. */
  die(): void {
    if (!this.alive) return
    this.alive = false
    for (const tell of this.#onDeath) tell()
    this.#onDeath.clear()
  }

  /** What the outside notices when the process dies: connections reset, watches dropped. */
  onDeath(tell: () => void): () => void {
    this.#onDeath.add(tell)
    return () => this.#onDeath.delete(tell)
  }
}
