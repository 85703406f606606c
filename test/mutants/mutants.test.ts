import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutants } from './mutants.ts'

const sourceOf = (file: string): string => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')

test.each(mutants)('$file: $check can be taken away', ({ file, from, to }) => {
  expect(from).not.toBe(to)
  expect(sourceOf(file).split(from)).toHaveLength(2)
})

test('every check that the gate names is one of them', () => {
  const checks = [...sourceOf('domain/guardrail/gate.ts').matchAll(/^ {2}(\w+)\(question\) \?\?/gm)].map(
    ([, name]) => name,
  )
  expect(checks.length).toBeGreaterThan(5)
  for (const check of checks)
    expect(mutants.map(({ from }) => from).join('\n')).toContain(`${check}(question)`)
})
