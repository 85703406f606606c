// npm run simulate: plays many seeds and keeps what it saw in a file, or one seed and tells every step of it.

import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { foldRun } from '../../src/domain/journal/fold.ts'
import { faithful, mutants } from './mutants.ts'
import { play, replayCommand } from './play.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    log: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
})
const mutant = mutants.find(({ name }) => name === values.mutant) ?? faithful
if (values.mutant !== undefined && mutant === faithful) {
  console.error(`no such planted bug; there are: ${mutants.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const playOne = async (seed: number): Promise<void> => {
  const trace = values.quiet ? undefined : (line: string): void => console.log(line)
  const { broken, hash } = await play({ seed, mutant, ...(trace === undefined ? {} : { trace }) })
  for (const line of broken) console.log(`BROKEN  ${line}`)
  console.log(`seed ${seed}: ${broken.length === 0 ? 'all invariants hold' : 'BROKEN'}; hash ${hash}`)
  if (broken.length > 0) process.exitCode = 1
}

const playMany = async (from: number, count: number): Promise<void> => {
  const path = values.log ?? `node_modules/.cache/simulation/seeds-${from}-${from + count - 1}.log`
  mkdirSync(dirname(path), { recursive: true })
  const file = createWriteStream(path)
  const say = (line: string): void => {
    console.log(line)
    file.write(`${line}\n`)
  }
  const struck = new Map<string, number>()
  const ends = new Map<string, number>()
  const count1 = (tally: Map<string, number>, name: string, by = 1): void =>
    void tally.set(name, (tally.get(name) ?? 0) + by)
  const started = performance.now()
  let failures = 0
  let records = 0
  for (let seed = from; seed < from + count; seed += 1) {
    const { broken, world } = await play({ seed, mutant })
    for (const [name, times] of world.faults.struck) count1(struck, name, times)
    for (const journal of world.journals.values()) {
      records += journal.length
      count1(ends, foldRun(journal).reason ?? 'unfinished')
    }
    if (broken.length > 0) {
      failures += 1
      for (const line of broken) say(`seed ${seed} BROKEN  ${line}`)
      say(`  again: ${replayCommand({ seed, mutant })}`)
    }
    const played = seed - from + 1
    if (played % 500 === 0)
      say(`${played} seeds, ${failures} broken, ${Math.round((performance.now() - started) / 1000)} s`)
  }
  const listed = (tally: ReadonlyMap<string, number>): string =>
    [...tally]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')
  say(`faults: ${listed(struck)}`)
  say(`ends of runs: ${listed(ends)}`)
  say(`${count} seeds from ${from}, ${records} journal records: ${failures} broken`)
  await new Promise((done) => file.end(done))
  console.log(`kept in ${path}`)
  if (failures > 0) process.exitCode = 1
}

if (values.seed !== undefined) await playOne(Number(values.seed))
else await playMany(Number(values.from), Number(values.seeds))
