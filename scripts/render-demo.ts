// Draws docs/demo.svg: what `npm run demo` really printed on this machine, as a picture of a terminal. Run it again
// when the screen changes: node scripts/render-demo.ts

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const { stdout, status, stderr } = spawnSync(process.execPath, ['bin/swarm.js', 'demo'], {
  encoding: 'utf8',
  env: { ...process.env, FORCE_COLOR: '1', NO_COLOR: undefined },
})
if (status !== 0) {
  console.error(stderr)
  process.exit(1)
}

const LINE = 18
const CHARACTER = 8.43
const colours: Readonly<Record<string, string>> = {
  '31': '#ff7b72',
  '32': '#7ee787',
  '33': '#e3b341',
  '36': '#79c0ff',
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

interface Look {
  readonly fill: string
  readonly bold: boolean
  readonly dim: boolean
}
const plain: Look = { fill: '#e6edf3', bold: false, dim: false }

const after = (look: Look, code: string): Look => {
  if (code === '1') return { ...look, bold: true }
  if (code === '2') return { ...look, dim: true }
  if (code === '22') return { ...look, bold: false, dim: false }
  if (code === '39') return { ...look, fill: plain.fill }
  return colours[code] === undefined ? plain : { ...look, fill: colours[code] }
}

const spans = (line: string): string => {
  let look = plain
  let out = ''
  // oxlint-disable-next-line no-control-regex -- ANSI sequences begin with a control character
  for (const [index, part] of line.split(/\u001B\[(\d+)m/).entries()) {
    if (index % 2 === 1) look = after(look, part)
    else if (part !== '') {
      const style = `${look.bold ? ' font-weight="bold"' : ''}${look.dim ? ' opacity="0.6"' : ''}`
      out += `<tspan fill="${look.fill}"${style}>${escape(part)}</tspan>`
    }
  }
  return out
}

// oxlint-disable-next-line no-control-regex -- colours take no room
const widthOf = (line: string): number => line.replaceAll(/\u001B\[\d+m/g, '').length

const LONGEST = 140

/** A terminal would wrap too; here at a blank, under the text. Long lines have their colours at the start only. */
const wrap = (line: string): readonly string[] => {
  if (widthOf(line) <= LONGEST) return [line]
  const hidden = line.length - widthOf(line)
  const cut = line.lastIndexOf(' ', LONGEST + hidden)
  return [line.slice(0, cut), ...wrap(`        ${line.slice(cut + 1)}`)]
}

const wrapped = ['\u001B[36m$\u001B[39m npm run demo', ...stdout.trimEnd().split('\n').flatMap(wrap)]
const body = wrapped
  .map((line, row) => `<text x="16" y="${40 + row * LINE}" xml:space="preserve">${spans(line)}</text>`)
  .join('\n')
const COLUMNS = Math.max(...wrapped.map(widthOf)) + 4
const height = 40 + wrapped.length * LINE + 12
writeFileSync(
  'docs/demo.svg',
  `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.round(COLUMNS * CHARACTER)}" height="${height}" viewBox="0 0 ${Math.round(COLUMNS * CHARACTER)} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="20" cy="16" r="5" fill="#ff5f57"/><circle cx="38" cy="16" r="5" fill="#febc2e"/><circle cx="56" cy="16" r="5" fill="#28c840"/>
${body}
</svg>
`,
)
console.log(`docs/demo.svg: ${wrapped.length} lines`)
