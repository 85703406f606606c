import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { checkJsonText } from './body-limits.ts'
import { parseYamlBody } from './parse-yaml.ts'

const workers: Worker[] = []
const remember = (worker: Worker): void => void workers.push(worker)
process.on('worker', remember)
afterEach(() => void workers.splice(0))

const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `key-${index}: "some text"`).join('\n')

test('short YAML is read at once, long YAML by a thread', async () => {
  expect(Object.keys((await parseYamlBody(lines(100))) as object)).toHaveLength(100)
  expect(workers).toHaveLength(0)
  expect(Object.keys((await parseYamlBody(lines(1_000))) as object)).toHaveLength(1_000)
  expect(workers).toHaveLength(1)
})

test('long YAML that is none is refused as short YAML is', async () => {
  await expect(parseYamlBody(`a: ${'['.repeat(100)}`)).rejects.toThrow(/Flow sequence/)
  expect(workers).toHaveLength(0)
  await expect(parseYamlBody(`a: ${'['.repeat(20_000)}`)).rejects.toMatchObject({ code: 400 })
  expect(workers).toHaveLength(1)
})

test('JSON is looked through for its depth and its values before it is parsed', () => {
  // None of these is JSON: what refuses them has not parsed them.
  expect(() => checkJsonText('['.repeat(501))).toThrow(/deeper than 500 levels/)
  expect(() => checkJsonText(`[${','.repeat(60_001)}`)).toThrow(/too many values/)
  expect(() => checkJsonText(`"${'[,'.repeat(100_000)}`)).not.toThrow()
})
