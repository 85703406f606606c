/** What a start costs is what it loads: the libraries that only some requests need come with the first of them. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

/** Prints the packages that were resolved until the server answered. */
const program = `
  const { registerHooks } = await import('node:module')
  const packages = new Set()
  registerHooks({
    resolve(specifier, context, next) {
      if (!/^(node:|file:|[./])/.test(specifier)) packages.add(specifier)
      return next(specifier, context)
    },
  })
  const { startApiServer } = await import(process.argv[1])
  const server = await startApiServer({ directory: process.argv[2], tls: process.argv[3] === 'tls' })
  server.kubeconfig()
  console.log(JSON.stringify([...packages]))
  await server.close()
`

async function packagesLoaded(directory: string, tls: boolean): Promise<unknown> {
  const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', program, entry, directory, tls ? 'tls' : 'plain'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return JSON.parse(await text(child.stdout))
}

test('an API server alone loads no library before one is needed; certificates are made once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'start-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  expect(await packagesLoaded(directory, false)).toEqual([])
  expect(await packagesLoaded(directory, true)).toContain('@peculiar/x509')
  expect(await packagesLoaded(directory, true)).toEqual([])
})
