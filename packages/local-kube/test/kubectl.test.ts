/**
 * Real kubectls against local-kube: what people type, and what they are told. The oldest and the newest found; all of them
 * in `npm run test:cluster`, where what they print is compared with what a real API server makes them print.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startLocalKube } from '../src/index.ts'
import type { LocalKube } from '../src/index.ts'
import { findKubectls } from './find-kubectl.ts'
import { broken, kubectlRunner } from './kubectl-runner.ts'
import type { KubectlRunner } from './kubectl-runner.ts'
import { renderKubectlPage } from './kubectl-page.ts'
import { scriptFor } from './kubectl-script.ts'

const found = findKubectls()
const kubectls = found.filter((_, index) => index === 0 || index === found.length - 1)
if (kubectls.length === 0)
  console.log('kubectl tests are skipped: no kubectl of 1.30 or newer is on the PATH or beside one that is')

const program = fileURLToPath(new URL('../src/node-agent/fixtures/server.js', import.meta.url))

describe.skipIf(kubectls.length === 0).each(kubectls)('kubectl $version', ({ path, version }) => {
  let kube: LocalKube
  let kubectl: KubectlRunner

  beforeAll(async () => {
    kube = await startLocalKube({
      nodeAgent: { images: [{ match: 'example.com/app', command: [process.execPath, program] }] },
    })
    kubectl = kubectlRunner({ kubectl: path, kubeconfig: kube.kubeconfig() })
  })
  afterAll(async () => {
    kubectl.close()
    await kube.close()
  })

  test.each(scriptFor(version))('$args', async (command) => {
    expect(broken(command, await kubectl.run(command))).toBeUndefined()
  })
})

test('the page that lists the commands is up to date', () => {
  expect(readFileSync(new URL('../kubectl.md', import.meta.url), 'utf8')).toBe(renderKubectlPage())
})
