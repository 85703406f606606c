#!/usr/bin/env node
// The door. Plain JavaScript that any Node since 14 can read: it makes sure the command runs on the Node this
// project is pinned to (the `node` package in node_modules), then hands over to src/cli/main.ts.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const needed = 24
const major = Number(process.versions.node.split('.')[0])

if (major >= needed) {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  await import('../src/cli/main.ts')
} else {
  const candidates = ['../node_modules/node/bin/node', '../../node/bin/node']
  const pinned = candidates
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path))
  if (!pinned) {
    console.error(`error: swarm needs Node ${needed} or newer, this is ${process.version}`)
    console.error(
      `  fix: run "npm ci" in the checkout (it brings Node ${needed} with it), or install Node ${needed}`,
    )
    console.error('  code: NodeTooOld')
    process.exit(5)
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)))
}
