// `npm run bench -- NAME…` runs the named benchmarks and prints their tables; `--write` puts them into bench/RESULTS.md
// too. Without a name all of them run and are written. `--rounds N` overrides how often.

import { parseArgs } from 'node:util'
import type { Benchmark } from './benchmark.ts'
import { coldstartBenchmark } from './coldstart.ts'
import { decisionsBenchmark } from './decisions.ts'
import { kubeBenchmark } from './kube.ts'
import { localKubeBenchmark } from './local-kube/benchmark.ts'
import { machineLines } from './machine.ts'
import { triggersBenchmark } from './triggers/benchmark.ts'
import { resultTable } from './result-table.ts'
import { writeResults, type Section } from './results-file.ts'
import { runBenchmark } from './run-benchmark.ts'

const benchmarks: readonly Benchmark[] = [
  coldstartBenchmark,
  decisionsBenchmark,
  kubeBenchmark,
  localKubeBenchmark,
  triggersBenchmark,
]

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string' }, write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
if (unknown.length > 0) {
  console.error(
    `there is no benchmark ${unknown.join(', ')}; there are: ${benchmarks.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`--rounds must be a positive integer, got "${values.rounds}"`)
  process.exit(2)
}

const machine = machineLines(new Date())
console.log(machine.join('\n'))
const chosen =
  positionals.length === 0 ? benchmarks : benchmarks.filter(({ name }) => positionals.includes(name))
const sections: Section[] = []
for (const benchmark of chosen) {
  const result = await runBenchmark({
    benchmark,
    ...(rounds === undefined ? {} : { rounds }),
    onProgress: (line) => console.error(line),
  })
  const table = resultTable(result)
  const { name } = benchmark
  const command = `npm run bench -- ${name}${rounds === undefined ? '' : ` --rounds ${rounds}`}`
  sections.push({ name, command, machine, table })
  console.log(`\n${table}`)
}
if (values.write || positionals.length === 0) {
  writeResults(sections)
  console.log('written: bench/RESULTS.md')
}
