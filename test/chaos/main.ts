// npm run test:chaos: the long forms. `crash-matrix [--database postgres] [--times 3] [--part agent]`, `drills`,
// `idle [--seconds 60]`, `postgres [--seconds 300] [--runs 200] [--seed 1]`, `history [--runs 10000] [--database postgres]`.

import { parseArgs } from 'node:util'
import { serverForTests } from '../../src/adapters/sql/postgres.fixtures.ts'
import { Bench } from './bench.ts'
import {
  agentDies,
  cancelReaches,
  databaseRestarts,
  modelFails,
  operatorDies,
  staysIdle,
  toolServerRestarts,
  zombieWakes,
  zombieWakesInTool,
  type Drill,
} from './drills.ts'
import { HEAP_MEGABYTES, longHistory, manyAtOnce } from './history.ts'
import { pgChaos } from './pg-chaos.ts'
import { cells, matrixTable, playCell, type CellResult } from './crash-matrix.ts'

const positional = process.argv[2]
const { values } = parseArgs({
  allowPositionals: true,
  options: {
    database: { type: 'string', default: 'sqlite' },
    times: { type: 'string', default: '3' },
    part: { type: 'string' },
    seconds: { type: 'string', default: positional === 'postgres' ? '300' : '60' },
    runs: { type: 'string', default: positional === 'history' ? '10000' : '200' },
    seed: { type: 'string', default: '1' },
  },
})

const withDatabase = async (work: (databaseUrl: string | undefined) => Promise<void>): Promise<void> => {
  if (values.database !== 'postgres') return work(undefined)
  const { missing, server } = serverForTests()
  if (missing) process.exit(3)
  try {
    await work(await server.emptySchema())
  } finally {
    server.remove()
  }
}

const crashMatrix = (): Promise<void> =>
  withDatabase(async (databaseUrl) => {
    const bench = new Bench({ leaseSeconds: 3, ...(databaseUrl === undefined ? {} : { databaseUrl }) })
    const results: CellResult[] = []
    try {
      await bench.start()
      console.log(`bench in ${bench.directory}`)
      await bench.ended(await bench.fire())
      const chosen = cells.filter(({ part }) => values.part === undefined || part === values.part)
      for (let time = 1; time <= Number(values.times); time += 1)
        for (const cell of chosen) {
          try {
            const result = await playCell(bench, cell)
            results.push(result)
            const { ended, posts, seconds, wrong } = result
            console.log(
              `${time} ${cell.part} ${cell.point} ${cell.step ?? ''}: ${ended}, ${posts} posted, ${seconds.toFixed(1)} s ${wrong.join('; ')}`,
            )
          } catch (error) {
            bench.withdrawPlan()
            results.push({ cell, ended: 'never', posts: 0, seconds: 0, wrong: [String(error).slice(0, 300)] })
            console.log(`${time} ${cell.part} ${cell.point} ${cell.step ?? ''}: ${String(error)}`)
          }
        }
    } finally {
      console.log(matrixTable(results))
      await bench.close()
    }
    const bad = results.filter(({ wrong }) => wrong.length > 0).length
    console.log(`${results.length} crashes on ${values.database}, ${bad} wrong`)
    if (bad > 0) process.exitCode = 1
  })

const told = (drill: Drill): void => {
  console.log(drill.figure)
  for (const line of drill.wrong) console.log(`WRONG: ${line}`)
  if (drill.wrong.length > 0) process.exitCode = 1
}

/** With slow answers, so that a kill hits a call; two pods of each agent, so that one can take over. */
const drills = async (): Promise<void> => {
  const { missing, server } = serverForTests()
  const databaseUrl = missing ? undefined : await server.emptySchema()
  const bench = new Bench({
    agents: [2, 2, 2],
    modelLatencyMs: 1500,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  try {
    await bench.start()
    await bench.ended(await bench.fire())
    told(await agentDies(bench, { leaseSeconds: 10 }))
    told(await operatorDies(bench))
    told(await modelFails(bench))
    told(await toolServerRestarts(bench))
    if (!missing)
      told(await databaseRestarts(bench, { stop: server.stop, start: server.start, downMs: 2000 }))
    told(await cancelReaches(bench))
    told(await zombieWakes(bench))
    told(await zombieWakesInTool(bench))
  } finally {
    await bench.close()
    server.remove()
  }
}

const idle = (): Promise<void> =>
  withDatabase(async (databaseUrl) => {
    const bench = new Bench(databaseUrl === undefined ? {} : { databaseUrl })
    try {
      await bench.start()
      await bench.ended(await bench.fire())
      told(await staysIdle(bench, { ms: Number(values.seconds) * 1000 }))
    } finally {
      await bench.close()
    }
  })

/** Three hubs, three operators, ten agents. */
const postgres = async (): Promise<void> => {
  const { missing, server } = serverForTests()
  if (missing) process.exit(3)
  const bench = new Bench({
    databaseUrl: await server.emptySchema(),
    hubs: 3,
    operators: 3,
    agents: [4, 3, 3],
    edit: (story) => {
      story.edit('incident-team.yaml', [
        'spec:\n  roles:',
        'spec:\n  successfulRunsHistoryLimit: 1000\n  failedRunsHistoryLimit: 1000\n  roles:',
      ])
    },
  })
  const say = (line: string): void => console.log(line)
  try {
    await bench.start()
    say(`bench in ${bench.directory}`)
    const seed = Number(values.seed)
    const { lines, wrong } = await pgChaos(bench, {
      ms: Number(values.seconds) * 1000,
      runs: Number(values.runs),
      seed,
      say,
    })
    for (const line of [`seed ${seed}`, ...lines]) say(line)
    for (const line of wrong) say(`WRONG: ${line}`)
    if (wrong.length > 0) process.exitCode = 1
  } finally {
    await bench.close()
    server.remove()
  }
}

const history = (): Promise<void> =>
  withDatabase(async (databaseUrl) => {
    const bench = new Bench({
      edit: manyAtOnce,
      heapMegabytes: HEAP_MEGABYTES,
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
    })
    try {
      await bench.start()
      told(await longHistory(bench, { runs: Number(values.runs), say: (line) => console.log(line) }))
    } finally {
      await bench.close()
    }
  })

const suites: Readonly<Record<string, () => Promise<void>>> = {
  'crash-matrix': crashMatrix,
  drills,
  idle,
  postgres,
  history,
}
const suite = suites[positional ?? '']
if (suite === undefined) {
  console.error(`name one of: ${Object.keys(suites).join(', ')}`)
  process.exit(2)
}
await suite()
process.exit()
