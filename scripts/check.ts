// The one door: everything a change must pass before it is committed, in the order that fails fastest. Prints one
// line per gate, and the whole output of the first gate that fails.

import { spawnSync } from 'node:child_process'

const gates: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'generated files are up to date', command: ['node', 'scripts/generate.ts', '--check'] },
  { name: 'format', command: ['prettier', '--check', '.', '--log-level', 'warn'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'layers', command: ['node', 'scripts/check-layers.ts'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'unit tests', command: ['vitest', 'run', '--project', 'unit'] },
]

const only = process.argv[2]
for (const { name, command } of gates) {
  if (only !== undefined && !name.includes(only)) continue
  const started = performance.now()
  const [program = 'node', ...rest] = command
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', maxBuffer: 64 << 20 })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  if (status !== 0) {
    process.stdout.write(stdout)
    process.stderr.write(stderr)
    process.exit(1)
  }
}
