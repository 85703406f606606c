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
