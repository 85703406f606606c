// Runs the rounds of a benchmark interleaved: every contender once per round, in an order that turns, so that a machine
// that slows down meanwhile slows all of them.

import type { Benchmark, Result } from './benchmark.ts'

export async function runBenchmark({
  benchmark,
  rounds = benchmark.rounds,
  onProgress,
}: {
  readonly benchmark: Benchmark
  readonly rounds?: number
  readonly onProgress: (line: string) => void
}): Promise<Result> {
  const contenders = await benchmark.contenders()
  const values = new Map(contenders.map(({ name }) => [name, new Map<string, number[]>()]))
  try {
    // Round 0 warms up and is thrown away.
    for (let round = 0; round <= rounds; round += 1) {
      for (let turn = 0; turn < contenders.length; turn += 1) {
        const contender = contenders[(turn + round) % contenders.length]
        if (contender === undefined) continue
        onProgress(
          `${benchmark.name}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}, ${contender.name}`,
        )
        const figures = await contender.round()
        if (round === 0) continue
        const kept = values.get(contender.name)
        for (const [figure, value] of Object.entries(figures))
          kept?.set(figure, [...(kept.get(figure) ?? []), value])
      }
    }
  } finally {
    for (const { close } of contenders.toReversed()) await close?.()
  }
  return { benchmark, rounds, values, notes: benchmark.notes?.() ?? [] }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** The value below which the share `q` of all lies; of the two nearest the one that was measured. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
