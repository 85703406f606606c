// One task in one agent's hands: its lease kept alive, its journal written in order, its policy always the newest, and
// one signal that ends everything when the task must stop. Knows nothing of models and tools.

import { isKubeswarmError } from '../domain/error.ts'
import type { EffectivePolicy } from '../domain/guardrail/effective-policy.ts'
import type { RecordBody } from '../domain/journal/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Reservation } from '../ports/spend-ledger.ts'
import type { LeaseProof } from '../ports/task-queue.ts'
import type { AssignedTask, Standing, TaskSource } from '../ports/task-source.ts'

export type StopReason =
  | { readonly type: 'cancelled'; readonly reason: string }
  | {
      readonly type: 'timeout'
      readonly message: string
      readonly remedy: string
      readonly deadline: boolean
    }
  | { readonly type: 'lease-lost' }
  | { readonly type: 'drain' }

/** The abort reason of the session's signal. */
export class TaskStopped extends Error {
  readonly stop: StopReason

  constructor(stop: StopReason) {
    super(`task stopped: ${stop.type}`)
    this.name = 'TaskStopped'
    this.stop = stop
  }
}

// A third of the lease keeps it. The hub answers when the task is cancelled or its policy changes; a second later asks
// again, should that word ever be lost.
const LONGEST_BEAT_MS = 1000
const SHORTEST_BEAT_MS = 100
// From the first beat on the hub can answer. A task that is over by then costs none.
const FIRST_BEAT_MS = 300
const SHORTEST_LEASE_MS = 1000

export class TaskSession {
  readonly #source: TaskSource
  readonly #clock: Clock
  readonly #log: Logger
  readonly #proof: LeaseProof
  readonly #atStart: EffectivePolicy
  readonly #abort = new AbortController()
  readonly #leaseMs: number
  #current: EffectivePolicy
  /** When the question was asked whose answer is the newest: what it says is at least that new. */
  #renewedAt: number
  /** When the question was asked whose answer last extended the lease. */
  #leasedAt: number
  #endsAt = Infinity
  #writes: Promise<void> = Promise.resolve()
  /** Told, not yet sent: rides with the next write. */
  #riders: RecordBody[] = []
  #riderContents: string[] = []
  #cancelTimers: (() => void)[] = []
  #cancelBeat: () => void = () => undefined
  #closed = false

  constructor({
    source,
    assigned,
    clock,
    log,
  }: {
    readonly source: TaskSource
    readonly assigned: AssignedTask
    readonly clock: Clock
    readonly log: Logger
  }) {
    this.#source = source
    this.#clock = clock
    this.#log = log
    this.#proof = { task: assigned.task.id, fence: assigned.fence }
    this.#atStart = assigned.policy
    this.#current = assigned.policy
    this.#renewedAt = clock.monotonic()
    this.#leasedAt = this.#renewedAt
    // The hub's clock set `expiresAt`; with a skewed one of ours the beat errs on the fast side.
    this.#leaseMs = Math.max(SHORTEST_LEASE_MS, Date.parse(assigned.expiresAt) - clock.now())
    this.#scheduleBeat(FIRST_BEAT_MS)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get stopReason(): StopReason | undefined {
    const reason: unknown = this.#abort.signal.reason
    return reason instanceof TaskStopped ? reason.stop : undefined
  }

  /** The newest policy. */
  get policy(): EffectivePolicy {
    return this.#current
  }

  /** What a call must satisfy: a policy loosened meanwhile widens nothing for a running task. */
  get policies(): readonly EffectivePolicy[] {
    return this.#current.revision === this.#atStart.revision
      ? [this.#current]
      : [this.#atStart, this.#current]
  }

  /** Ends everything in flight. The first reason stays. */
  stop(reason: StopReason): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(new TaskStopped(reason))
  }

  /** Milliseconds until the earliest `stopAfter`. */
  get remainingMs(): number {
    return this.#endsAt - this.#clock.monotonic()
  }

  stopAfter(ms: number, reason: StopReason): void {
    this.#endsAt = Math.min(this.#endsAt, this.#clock.monotonic() + ms)
    this.#cancelTimers.push(this.#clock.after(ms, () => this.stop(reason)))
  }

  /**
   * Appends in call order; durable when it resolves, to a policy that is no older than that. A caller that need not
   * wait may drop the promise: the next write fails with the same error.
   */
  append(records: readonly RecordBody[], contents: readonly string[] = []): Promise<EffectivePolicy> {
    const all = this.#withRiders(records, contents)
    return this.#inOrder(() => this.#asking(() => this.#source.record({ ...this.#proof, ...all })))
  }

  /**
   * Tells something that need not be durable by itself: it goes into the same transaction as the next write, before
   * it, or with the next heartbeat. The result of a turn or a call, when another write follows at once: nothing can
   * leave the process in between that the next write would not have to announce first.
   */
  ride(records: readonly RecordBody[], contents: readonly string[] = []): void {
    this.#riders.push(...records)
    this.#riderContents.push(...contents)
  }

  /** Resolves when everything told so far is durable. */
  async settled(): Promise<void> {
    await (this.#riders.length > 0 ? this.append([]) : this.#writes)
  }

  /**
   * Throws the stop reason unless the task is still this owner's. Right before anything leaves the process: a lease
   * that may have run out meanwhile (an answer that came late, a process that was stopped) is asked for again.
   */
  async owned(): Promise<void> {
    throwIfStopped(this)
    if (this.#clock.monotonic() - this.#leasedAt < this.#leaseMs) return
    try {
      await this.#extend()
    } catch {
      this.stop({ type: 'lease-lost' })
    }
    throwIfStopped(this)
  }

  reserve(record: RecordBody & { readonly type: 'llm.requested' }): Promise<Reservation> {
    const before = this.#withRiders([], [])
    return this.#inOrder(async () => {
      const askedAt = this.#clock.monotonic()
      const { standing, reservation } = await this.#source.reserve({
        ...this.#proof,
        record,
        ...(before.records.length > 0 ? { before } : {}),
      })
      this.#learn(standing, askedAt)
      return reservation
    })
  }

  finish(records: readonly RecordBody[], contents: readonly string[] = []): Promise<void> {
    const all = this.#withRiders(records, contents)
    return this.#inOrder(() => this.#source.finish({ ...this.#proof, ...all }))
  }

  async release(): Promise<void> {
    await this.settled()
    return this.#inOrder(() => this.#source.release(this.#proof))
  }

  /** Stops the heartbeat and all timers. */
  close(): void {
    this.#closed = true
    this.#cancelBeat()
    for (const cancel of this.#cancelTimers) cancel()
    this.#cancelTimers = []
  }

  #withRiders(
    records: readonly RecordBody[],
    contents: readonly string[],
  ): { readonly records: readonly RecordBody[]; readonly contents: readonly string[] } {
    const all = { records: [...this.#riders, ...records], contents: [...this.#riderContents, ...contents] }
    this.#riders = []
    this.#riderContents = []
    return all
  }

  #inOrder<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writes.then(write).catch((error: unknown) => {
      if (isKubeswarmError(error) && error.code === 'StaleLease') this.stop({ type: 'lease-lost' })
      throw error
    })
    this.#writes = result.then(() => undefined)
    // Whoever comes next meets the error; nobody coming is not a crash.
    this.#writes.catch(() => undefined)
    return result
  }

  async #asking(ask: () => Promise<Standing>): Promise<EffectivePolicy> {
    const askedAt = this.#clock.monotonic()
    const standing = await ask()
    this.#learn(standing, askedAt)
    return standing.policy
  }

  async #extend(waitMs = 0): Promise<void> {
    const askedAt = this.#clock.monotonic()
    await this.#asking(() => this.#source.heartbeat({ ...this.#proof, ...(waitMs === 0 ? {} : { waitMs }) }))
    this.#leasedAt = Math.max(this.#leasedAt, askedAt)
  }

  /** An answer that was overtaken by a later question's must not bring an older policy back. */
  #learn({ policy, cancelled }: Standing, askedAt: number): void {
    if (askedAt >= this.#renewedAt) {
      this.#current = policy
      this.#renewedAt = askedAt
    }
    if (cancelled !== undefined) this.stop({ type: 'cancelled', reason: cancelled.reason })
  }

  get #beatMs(): number {
    return Math.max(SHORTEST_BEAT_MS, Math.min(LONGEST_BEAT_MS, this.#leaseMs / 3))
  }

  #scheduleBeat(ms: number): void {
    if (this.#closed) return
    this.#cancelBeat = this.#clock.after(ms, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    if (this.#closed) return
    const startedAt = this.#clock.monotonic()
    try {
      // Not waited for: a write that hangs must not cost the lease.
      if (this.#riders.length > 0) this.settled().catch(() => undefined)
      await this.#extend(this.#beatMs)
    } catch (error) {
      if (isKubeswarmError(error) && error.code === 'StaleLease') this.stop({ type: 'lease-lost' })
      else if (this.#clock.monotonic() - this.#leasedAt >= this.#leaseMs) this.stop({ type: 'lease-lost' })
      else
        this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'heartbeat failed')
    }
    // An answer that came early leaves the rest of its time to be waited for.
    this.#scheduleBeat(Math.max(0, startedAt + this.#beatMs - this.#clock.monotonic()))
  }
}

/** Throws the stop reason once the session has ended. */
export const throwIfStopped = (session: TaskSession): void => {
  const stop = session.stopReason
  if (stop !== undefined) throw new TaskStopped(stop)
}
