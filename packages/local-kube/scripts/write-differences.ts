/** Writes the README's table of differences from `test/differences.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { renderDifferences } from '../test/differences.ts'

const readme = new URL('../README.md', import.meta.url)
const text = readFileSync(readme, 'utf8')
const begin = text.indexOf('| here | on a real one | because |')
const end = text.indexOf('\n\n', begin)
if (begin < 0 || end < 0) throw new Error('README.md has no table of differences')
writeFileSync(readme, text.slice(0, begin) + renderDifferences() + text.slice(end))
