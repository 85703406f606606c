// `npm run storm [-- --alerts 1000 --kills 20 --victims control-plane|everything]`: the storm in full length; with
// `everything` the agents die as well. Prints what was seen; ends with 1 where an incident has not exactly one run, or a
// run not exactly one post (with `everything`, more than one).

import { parseArgs } from 'node:util'
import { holds, playStorm } from './alert-storm.ts'

const { values } = parseArgs({
  options: { alerts: { type: 'string' }, kills: { type: 'string' }, victims: { type: 'string' } },
})
const { victims = 'control-plane' } = values
if (victims !== 'control-plane' && victims !== 'everything') {
  console.error(`--victims must be control-plane or everything, got "${victims}"`)
  process.exit(2)
}
const outcome = await playStorm({
  alerts: Number(values.alerts ?? 1000),
  kills: Number(values.kills ?? 20),
  victims,
  say: (line) => console.error(line),
})
console.log(JSON.stringify(outcome))
process.exitCode = holds(outcome) ? 0 : 1
