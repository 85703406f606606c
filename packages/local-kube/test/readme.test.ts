/** What the README tells people to write is written and run. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const directory = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(directory, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```ts( test)?\n([\s\S]*?)^```/gm)].map(([, isTest, code = '']) => ({
  isTest: isTest !== undefined,
  code,
}))

test('the test file of the README passes in a vitest of its own', () => {
  const [example] = blocks.filter(({ isTest }) => isTest)
  expect(example).toBeDefined()
  // Inside the package, so that it finds what a user of the package would have installed.
  const root = mkdtempSync(join(directory, 'readme-example-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  writeFileSync(join(root, 'example.test.ts'), example?.code ?? '')
  const report = join(root, 'report.json')
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', root, '--reporter', 'json', '--outputFile', report],
    { encoding: 'utf8', env: { PATH: process.env['PATH'], NO_COLOR: '1' } },
  )
  expect(status, stdout + stderr).toBe(0)
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ numTotalTests: 1, numPassedTests: 1 })
})

test('the five lines it promises are the ones in that file', () => {
  const [five] = blocks
  const lines = five?.code.trim().split('\n') ?? []
  expect(lines).toHaveLength(5)
  expect(blocks.find(({ isTest }) => isTest)?.code).toContain(five?.code)
})
