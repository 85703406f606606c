// bench/RESULTS.md: the latest figures of each benchmark, each with the machine, the time and the command that made them,
// so that one can be measured anew without the others.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const file = new URL('./RESULTS.md', import.meta.url)
const head =
  '# Results\n\nWritten by `npm run bench -- --write`. Times depend on the machine; ratios less so.\n'

export interface Section {
  readonly name: string
  readonly command: string
  readonly machine: readonly string[]
  /** Begins with `### name`. */
  readonly table: string
}

/** Replaces what is there of the same names; the rest stays as it was. */
export function writeResults(fresh: readonly Section[]): void {
  const sections = existsSync(file) ? sectionsIn(readFileSync(file, 'utf8')) : new Map<string, string>()
  for (const { name, command, machine, table } of fresh)
    sections.set(name, [table.trimEnd(), '', `- \`${command}\``, ...machine, ''].join('\n'))
  const sorted = [...sections].toSorted(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(file, [head, ...sorted.map(([, text]) => text)].join('\n'))
}

function sectionsIn(text: string): Map<string, string> {
  const parts = text.split(/^(?=### )/m).slice(1)
  return new Map(parts.map((part) => [part.slice(4).split('\n', 1)[0] ?? '', part.trimEnd() + '\n']))
}
