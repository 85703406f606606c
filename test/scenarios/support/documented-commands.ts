// The commands that the documentation tells people to type: every line of every fenced `sh` block, continuation lines
// joined, comments gone.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './swarm.ts'

export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...globSync(['docs/**/*.md', 'examples/**/*.md', 'packages/*/README.md'], { cwd: checkout }),
].toSorted()

export const commandsIn = (document: string): readonly string[] =>
  [
    ...readFileSync(join(checkout, document), 'utf8').matchAll(
      /^```(?:sh|bash|shell|console)\n([\s\S]*?)^```/gm,
    ),
  ].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) => line.replace(/(^|\s+)#\s.*$/, '').trim())
      .filter((line) => line !== ''),
  )
