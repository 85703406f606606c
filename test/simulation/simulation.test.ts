// Five hundred worlds, each with faults of its own, and the proof that the invariants would notice: bugs planted between
// the real parts are found, and a seed tells the same story twice.

import { describe, expect, test } from 'vitest'
import { foldRun } from '../../src/domain/journal/fold.ts'
import { highestRates } from './faults.ts'
import { faithful, mutants } from './mutants.ts'
import { play, replayCommand } from './play.ts'

const seeds = 500

describe('engine, queue, journal and agents under seeded faults', () => {
  test('D1-D12 B1-B3 A1 P2 F05 hold in 500 worlds, in which every fault strikes and every end is met', async () => {
    const broken: string[] = []
    const struck = new Set<string>()
    const ends = new Set<string>()
    for (let seed = 1; seed <= seeds; seed += 1) {
      const verdict = await play({ seed })
      for (const name of verdict.world.faults.struck.keys()) struck.add(name)
      for (const records of verdict.world.journals.values()) ends.add(foldRun(records).reason ?? '')
      if (verdict.broken.length > 0)
        broken.push(
          `seed ${seed}: ${verdict.broken.join('; ')}; again: ${replayCommand({ seed, mutant: faithful })}`,
        )
    }
    expect(broken).toEqual([])
    expect([...struck].toSorted()).toEqual(Object.keys(highestRates).toSorted())
    for (const end of [
      'Succeeded',
      'StepFailed',
      'TimedOut',
      'Cancelled',
      'OutcomeUnknown',
      'RunTokensExhausted',
    ])
      expect(ends).toContain(end)
  })

  test('the same seed gives the same journals, calls and statuses', async () => {
    for (const seed of [1, 2, 3, 13, 26, 104]) {
      const first = await play({ seed })
      const again = await play({ seed })
      expect(again.hash).toBe(first.hash)
      expect(first.world.journals.size).toBeGreaterThan(0)
    }
    const hashes = await Promise.all([1, 2, 3].map(async (seed) => (await play({ seed })).hash))
    expect(new Set(hashes).size).toBe(3)
  })
})

describe('planted bugs', () => {
  test.each(mutants)('$name is found by $foundBy', async (mutant) => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { broken } = await play({ seed, mutant })
      const told = broken.find((line) => mutant.foundBy.some((id) => line.startsWith(id)))
      if (told === undefined) continue
      console.log(
        `${mutant.name}: found in world ${seed}: ${told}; again: ${replayCommand({ seed, mutant })}`,
      )
      return
    }
    expect.unreachable(`${mutant.name} was not found in ${seeds} worlds`)
  })
})
