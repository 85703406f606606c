// `npm run storm [-- --alerts 1000 --kills 20]`: the storm in full length. Prints what was seen; ends with 1 where an
// incident has not exactly one run, or a run more than one post.

import { parseArgs } from 'node:util'
import { holds, playStorm } from './alert-storm.ts'

const { values } = parseArgs({ options: { alerts: { type: 'string' }, kills: { type: 'string' } } })
const outcome = await playStorm({
  alerts: Number(values.alerts ?? 1000),
  kills: Number(values.kills ?? 20),
  say: (line) => console.error(line),
})
console.log(JSON.stringify(outcome))
process.exitCode = holds(outcome) ? 0 : 1
