// What a benchmark is: contenders that are measured in turn, round by round, and the figures each round gives.

export interface Figure {
  /** As it stands over its column, with the unit: `POST/s`, `watch p50 ms`. */
  readonly name: string
  /** What the README of this suite promises to reach, in words; printed under the table. */
  readonly target?: string
  readonly better: 'lower' | 'higher'
}

export interface Contender {
  readonly name: string
  /** One round; a figure it cannot give is left out. Runs alone on the machine as far as this suite is concerned. */
  readonly round: () => Promise<Readonly<Record<string, number>>>
  readonly close?: () => Promise<void>
}

export interface Benchmark {
  readonly name: string
  /** One sentence: what is measured, and how. */
  readonly measures: string
  readonly figures: readonly Figure[]
  /** The contender the others are divided by. */
  readonly baseline: string
  readonly rounds: number
  readonly contenders: () => Promise<readonly Contender[]>
  /** Lines under the table: who could not take part and why, and what is not the same for all. */
  readonly notes?: () => readonly string[]
}

export interface Result {
  readonly benchmark: Benchmark
  readonly rounds: number
  /** contender → figure → values, one a round. */
  readonly values: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>
  readonly notes: readonly string[]
}
