// Which faults a world has, and how often they strike. Each world draws its own mix: faults hide each other, so a world
// with only a few of them sees what a world with all of them never would. Ids in brackets are those of the catalogue.

import type { Random } from './random.ts'

/** Probability per occasion at the highest intensity. */
export const highestRates = {
  /** The process dies instead of sending, or before the answer arrives (F01, F02, F03, F04). */
  crashAgent: 0.02,
  crashHub: 0.01,
  crashOperator: 0.02,
  /** Everything dies at once (D12). */
  powerCut: 0.001,
  /** The process is stopped for longer than its lease, then goes on (F05, F63). */
  pauseAgent: 0.006,
  pauseHub: 0.003,
  pauseOperator: 0.006,
  /** A rolling restart: the agent gives back what it cannot end (F12). */
  drainAgent: 0.003,
  /** Between agent and hub (F08, F42): the request never arrives, the answer never does, or it arrives twice (F07). */
  requestLost: 0.05,
  replyLost: 0.05,
  requestTwice: 0.1,
  /** The store refuses, or commits and the connection breaks (F08). */
  storeRefuses: 0.05,
  storeAnswerLost: 0.05,
  /** A notice comes late, as after a broken connection, or never. */
  noticeLate: 0.3,
  noticeLost: 0.2,
  /** A long poll hears of nothing before its end. */
  pollDeaf: 0.2,
  timerLate: 0.1,
  /** The API server fails, commits and breaks the connection, ends watches (F60, F62). */
  apiRefuses: 0.05,
  apiAnswerLost: 0.05,
  watchEnds: 0.05,
  watchLags: 0.3,
  /** F20, F22, F24, F25, F28; slow is several leases (F06). */
  modelFails: 0.15,
  modelLimits: 0.1,
  modelSlow: 0.05,
  modelBabbles: 0.08,
  /** F40, F41, F42, F44. */
  toolRefuses: 0.05,
  toolLostBefore: 0.03,
  toolLostAfter: 0.03,
  toolSlow: 0.05,
  toolFails: 0.05,
  /** The sender of an event delivers it again (F81). */
  deliverTwice: 0.5,
} as const

export type FaultName = keyof typeof highestRates

const quietShare = 0.45
const latestTimerMs = 4000

export class Faults {
  /** No fault strikes any more; what is broken is mended. */
  over = false
  readonly struck = new Map<FaultName, number>()
  readonly #random: Random
  readonly #rates: Readonly<Record<FaultName, number>>

  constructor(random: Random) {
    this.#random = random
    const intensity = random.pick([0, 0.3, 1, 1])
    const rates = Object.entries(highestRates).map(([name, rate]) => [
      name,
      random.chance(quietShare) ? 0 : rate * intensity * random.between(0.2, 1),
    ])
    this.#rates = Object.fromEntries(rates) as Record<FaultName, number>
  }

  strikes(name: FaultName): boolean {
    if (this.over || this.#rates[name] === 0 || !this.#random.chance(this.#rates[name])) return false
    this.struck.set(name, (this.struck.get(name) ?? 0) + 1)
    return true
  }

  /** Milliseconds that a timer comes after its time. */
  lateness(): number {
    return this.strikes('timerLate') ? this.#random.between(0, latestTimerMs) : this.#random.between(0, 2)
  }
}
