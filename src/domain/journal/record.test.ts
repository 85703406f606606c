import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { extendRun, emptyRun } from './fold.ts'
import { journalVersion, recordTypes, type JournalRecord } from './record.ts'

const page = readFileSync(new URL('../../../docs/journal.md', import.meta.url), 'utf8')

test('docs/journal.md has every type with the version that brought it, and no other', () => {
  const documented = [...page.matchAll(/^\| `([a-z]+\.[a-z-]+)` \| (\d+) \|/gm)].map(
    ([, type = '', version]) => [type, Number(version)] as const,
  )
  expect(Object.fromEntries(documented)).toEqual(recordTypes)
  expect(page).toContain(`version ${journalVersion}.`)
  expect(Math.max(...Object.values(recordTypes))).toBeLessThanOrEqual(journalVersion)
})

test('a record of a newer kubeswarm is named, not guessed at', () => {
  const record = { type: 'run.dreamt', run: 'uid-1', seq: 1 } as unknown as JournalRecord
  expect(() => extendRun(emptyRun, record)).toThrow(/record 1 has the type "run.dreamt"/)
})
