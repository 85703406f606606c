// npm run test:chaos: the long forms. `crash-matrix [--database postgres] [--times 3] [--part agent]`.

import { parseArgs } from 'node:util'
import { serverForTests } from '../../src/adapters/sql/postgres.fixtures.ts'
import { Bench } from './bench.ts'
import { cells, matrixTable, playCell, type CellResult } from './crash-matrix.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    database: { type: 'string', default: 'sqlite' },
    times: { type: 'string', default: '3' },
    part: { type: 'string' },
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

const suites: Readonly<Record<string, () => Promise<void>>> = { 'crash-matrix': crashMatrix }
const suite = suites[positionals[0] ?? '']
if (suite === undefined) {
  console.error(`name one of: ${Object.keys(suites).join(', ')}`)
  process.exit(2)
}
await suite()
process.exit()
