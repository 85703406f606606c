import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('every error code has an entry in docs/errors.md, and every entry a code', () => {
  const source = readFileSync(new URL('error.ts', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code).sort()
  const documented = [
    ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^\| `(\w+)`/gm),
  ]
    .map(([, code]) => code)
    .sort()
  expect(codes.length).toBeGreaterThan(40)
  expect(documented).toEqual(codes)
})

test('every reason of a refusal is told in docs/errors.md, and every told one is a reason', () => {
  const decision = readFileSync(new URL('guardrail/decision.ts', import.meta.url), 'utf8')
  const union = /type DenialReason =([^\n]*(?:\n {2}\|.*)*)/.exec(decision)?.[1] ?? ''
  const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason]) => reason).toSorted()
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const [, section = ''] = /## Why a call was refused\n([^]*?)\n## /.exec(page) ?? []
  const told = [...section.matchAll(/`([A-Z]\w+)`/g)].flatMap(([, word = '']) =>
    word === 'InvalidModelResponse' ? [] : [word],
  )
  expect(reasons.length).toBeGreaterThan(15)
  expect(told.toSorted()).toEqual(reasons)
})
