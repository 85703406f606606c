// Medians and ratios of one benchmark as a Markdown table, for the screen and for RESULTS.md alike.

import type { Result } from './benchmark.ts'
import { median } from './run-benchmark.ts'

export function resultTable({ benchmark, rounds, values, notes }: Result): string {
  const { figures, baseline } = benchmark
  const base = values.get(baseline)
  const rows = [...values].map(([contender, measured]) => [
    contender,
    ...figures.map(({ name }) =>
      cell({ own: measured.get(name), base: contender === baseline ? undefined : base?.get(name) }),
    ),
  ])
  const targets = figures.filter(({ target }) => target !== undefined)
  return [
    `### ${benchmark.name}`,
    '',
    `${benchmark.measures} Medians of ${rounds} interleaved rounds (lowest–highest); ratios to ${baseline}.`,
    '',
    ...aligned([['', ...figures.map(({ name }) => name)], ...rows]),
    ...(targets.length === 0
      ? []
      : ['', `Targets: ${targets.map(({ name, target }) => `${name} ${target}`).join('; ')}.`]),
    ...notes.flatMap((line) => ['', line]),
    '',
  ].join('\n')
}

function cell({
  own,
  base,
}: {
  readonly own: readonly number[] | undefined
  readonly base: readonly number[] | undefined
}): string {
  if (own === undefined || own.length === 0) return '–'
  const middle = median(own)
  const spread = own.length > 1 ? ` (${shown(Math.min(...own))}–${shown(Math.max(...own))})` : ''
  const ratio =
    base === undefined || base.length === 0 || median(base) === 0 ? '' : ` ${shown(middle / median(base))}x`
  return `${shown(middle)}${spread}${ratio}`
}

/** Three digits that matter. */
function shown(value: number): string {
  if (value === 0) return '0'
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toPrecision(3)
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`
  const [head = [], ...body] = rows
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...body.map(line)]
}
