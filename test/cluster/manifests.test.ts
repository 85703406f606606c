// Our definitions and examples on a real kube-apiserver: all of them apply under kubectl's strict validation, without a
// warning.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findKubectls } from '../../packages/local-kube/test/find-kubectl.ts'
import { findControlPlane } from './control-plane-binaries.ts'
import { startControlPlane } from './start-control-plane.ts'

const found = findControlPlane()
if (found.type === 'absent') console.log(`manifests on a real API server are skipped: ${found.reason}`)
const root = join(import.meta.dirname, '..', '..')
const examples = readdirSync(join(root, 'examples'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name.endsWith('.yaml') && !entry.parentPath.endsWith('scenarios'))
  .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
  // A namespace before what is in it.
  .toSorted(
    (left, right) => Number(right.endsWith('namespace.yaml')) - Number(left.endsWith('namespace.yaml')),
  )

describe.skipIf(found.type === 'absent')('on a real API server', () => {
  const endings: (() => Promise<void> | void)[] = []
  let kubectl: (...args: readonly string[]) => { readonly code: number | null; readonly output: string }

  beforeAll(async () => {
    if (found.type === 'absent') return
    const controlPlane = await startControlPlane(found.binaries)
    endings.push(controlPlane.close)
    const home = mkdtempSync(join(tmpdir(), 'manifests-'))
    endings.push(() => rmSync(home, { recursive: true, force: true }))
    const kubeconfig = join(home, 'kubeconfig')
    writeFileSync(kubeconfig, controlPlane.kubeconfig())
    const program = found.binaries.kubectl ?? findKubectls().at(-1)?.path
    if (program === undefined)
      throw new Error('there is no kubectl, neither beside kube-apiserver nor on the PATH')
    kubectl = (...args) => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd: root,
        encoding: 'utf8',
        env: { HOME: home, KUBECONFIG: kubeconfig, PATH: process.env['PATH'] ?? '' },
      })
      return { code: status, output: `${stdout}${stderr}` }
    }
  })
  afterAll(async () => {
    for (const end of endings.toReversed()) await end()
  })

  test('every definition is accepted and established', () => {
    const applied = kubectl('apply', '--validate=strict', '-f', 'src/api/crds')
    expect(applied).toMatchObject({ code: 0, output: expect.not.stringMatching(/warning/i) as string })
    expect(
      kubectl('wait', '--for=condition=Established', '--timeout=60s', '-f', 'src/api/crds'),
    ).toMatchObject({
      code: 0,
    })
  })

  test.each(examples)('%s applies under strict validation', (file) => {
    const answer = kubectl('apply', '--validate=strict', '-f', file)
    expect(answer).toMatchObject({ code: 0, output: expect.not.stringMatching(/warning/i) as string })
    expect(answer.output).toMatch(/(created|configured|unchanged)$/m)
  })
})
