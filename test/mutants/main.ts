// npm run test:mutants: takes each check away in turn and runs the tests that stand near it. Prints a table; ends with 1
// when a check can go without any test noticing. Words after the command choose mutants by file or check.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutants } from './mutants.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const directory = mkdtempSync(join(tmpdir(), 'mutants-'))

interface Report {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** The first test that goes red; undefined when all stay green. Throws when the tests cannot be run. */
const redTest = async (mutant: object, tests: readonly string[]): Promise<string | undefined> => {
  const report = join(directory, 'report.json')
  rmSync(report, { force: true })
  const child = spawn(
    process.execPath,
    [
      vitest,
      'run',
      '--config',
      'test/mutants/vitest.config.ts',
      '--reporter=json',
      `--outputFile=${report}`,
      ...tests,
    ],
    { cwd: root, env: { ...process.env, MUTANT: JSON.stringify(mutant) }, stdio: 'ignore' },
  )
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const red = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  )[0]
  if (red === undefined && exitCode !== 0)
    throw new Error(`the tests could not be run: ${testResults.map(({ message }) => message).join('\n')}`)
  return red?.fullName
}

const wanted = process.argv.slice(2)
const chosen = mutants.filter(
  ({ file, check }) => wanted.length === 0 || wanted.some((word) => `${file} ${check}`.includes(word)),
)
const existing = (tests: readonly string[]): readonly string[] =>
  tests.map((test) => `src/${test}`).filter((test) => existsSync(join(root, test)))

try {
  const untouched = [...new Set(chosen.flatMap(({ tests }) => existing(tests)))]
  const already = await redTest({}, untouched)
  if (already !== undefined) throw new Error(`red without any mutant: ${already}`)
  let unnoticed = 0
  for (const { file, check, from, to, tests } of chosen) {
    const red = await redTest({ file, from, to }, existing(tests))
    if (red === undefined) unnoticed += 1
    console.log(
      `${red === undefined ? 'NOT NOTICED' : 'red'.padEnd(11)}  ${file.padEnd(36)}  ${check.padEnd(50)}  ${red ?? ''}`,
    )
  }
  console.log(
    `${chosen.length - unnoticed} of ${chosen.length} checks turn a test red when they are taken away`,
  )
  process.exitCode = unnoticed === 0 ? 0 : 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
