import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { whileMounted } from './while-mounted.ts'

const made: string[] = []
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true })
})
const setUp = () => {
  const directory = mkdtempSync(join(tmpdir(), 'mounted-'))
  made.push(directory)
  let reads = 0
  return { directory, read: whileMounted(directory, () => (reads += 1)) }
}

test('F52 a rotated volume is read anew with the next question, and an unchanged one is not', () => {
  const { directory, read } = setUp()
  symlinkSync('..2026_1', join(directory, '..data'))
  expect([read(), read()]).toEqual([1, 1])
  symlinkSync('..2026_2', join(directory, '..new'))
  renameSync(join(directory, '..new'), join(directory, '..data'))
  expect([read(), read()]).toEqual([2, 2])
})

test('a directory that is no volume is read each time, since nothing tells of its changes', () => {
  const { read } = setUp()
  expect([read(), read()]).toEqual([1, 2])
})

test('without a volume there is nothing that could change', () => {
  let reads = 0
  const read = whileMounted(undefined, () => (reads += 1))
  expect([read(), read()]).toEqual([1, 1])
})
