/**
 * How long each hostile request holds up everybody else: `npm run test:hostile [-- --runs 5 --only PATTERN --all]`. A
 * measurement, for a machine that does nothing else. Ends with 1 when the loop stood still for more than 100 ms, when an
 * answer is not the expected one or no proper Status, or when the server is gone.
 */
import { parseArgs } from 'node:util'
import { startMeasuredServer } from './measured-server.ts'
import { playRequests } from './play-requests.ts'

const LONGEST_STALL = 100
const SHOWN = 15

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
  },
})
const only = new RegExp(values.only)
let isGood = true
for (let run = 1; run <= Number(values.runs); run += 1) {
  const server = await startMeasuredServer()
  const played = await playRequests({
    server,
    isChosen: ({ name }) => only.test(name),
    quietMilliseconds: 25,
  })
  const lives = server.isAlive() && (await server.send({ method: 'GET', path: '/readyz' })).status === 200
  await server.close()
  const byStall = played.toSorted((a, b) => b.stall - a.stall)
  console.table(
    byStall.slice(0, values.all ? played.length : SHOWN).map(({ name, status, stall, work }) => ({
      request: name,
      status,
      'stall ms': Math.round(stall),
      'work ms': Math.round(work),
      '': stall > LONGEST_STALL ? 'too long' : '',
    })),
  )
  const faults = played.filter(({ fault }) => fault !== undefined)
  for (const { name, fault } of faults) console.log(`${name}: ${fault}`)
  const long = played.filter(({ stall }) => stall > LONGEST_STALL).length
  console.log(
    `run ${run}: ${long} of ${played.length} requests held the loop up for more than ${LONGEST_STALL} ms, ${faults.length} answers were wrong, the server ${lives ? 'lives' : 'is gone'}`,
  )
  isGood &&= long === 0 && faults.length === 0 && lives
}
process.exitCode = isGood ? 0 : 1
