// One seed, played and judged.

import { createHash } from 'node:crypto'
import { brokenInvariants } from './invariants.ts'
import { faithful, type Mutant } from './mutants.ts'
import { World } from './world.ts'

export interface Verdict {
  readonly seed: number
  readonly broken: readonly string[]
  /** Over journals, ledgers and told phases: equal worlds have equal hashes. */
  readonly hash: string
  readonly world: World
}

export const play = async ({
  seed,
  mutant = faithful,
  trace,
}: {
  readonly seed: number
  readonly mutant?: Mutant
  readonly trace?: (line: string) => void
}): Promise<Verdict> => {
  const world = new World({ seed, mutant, ...(trace === undefined ? {} : { trace }) })
  await world.play()
  return { seed, broken: brokenInvariants(world), hash: hashOf(world), world }
}

const hashOf = ({ journals, toolLedger, modelLedger, phases }: World): string =>
  createHash('sha256')
    .update(JSON.stringify([[...journals.values()], toolLedger, modelLedger, [...phases]]))
    .digest('hex')

/** The command that plays exactly this again, told step by step. */
export const replayCommand = ({ seed, mutant }: { readonly seed: number; readonly mutant: Mutant }): string =>
  `npm run simulate -- --seed ${seed}${mutant === faithful ? '' : ` --mutant ${mutant.name}`}`
