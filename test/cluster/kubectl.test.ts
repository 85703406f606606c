// What people type, with every kubectl found, on local-kube and on a real kube-apiserver: both succeed or both fail, and
// kubectl prints the same but for what is explained.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startLocalKube, startNodeAgent } from '../../packages/local-kube/src/index.ts'
import { compareOutcomes } from '../../packages/local-kube/test/compare-outcomes.ts'
import { findKubectls } from '../../packages/local-kube/test/find-kubectl.ts'
import { broken, kubectlRunner } from '../../packages/local-kube/test/kubectl-runner.ts'
import type { KubectlRunner } from '../../packages/local-kube/test/kubectl-runner.ts'
import { script, scriptFor } from '../../packages/local-kube/test/kubectl-script.ts'
import { findControlPlane } from './control-plane-binaries.ts'
import { startControlPlane } from './start-control-plane.ts'

const found = findControlPlane()
const isComplete = found.type === 'found' && found.binaries.kubeControllerManager !== undefined
if (found.type === 'absent') console.log(`kubectl on a real API server is skipped: ${found.reason}`)
else if (!isComplete)
  console.log(
    'kubectl on a real API server is skipped: there is no kube-controller-manager beside kube-apiserver',
  )

const built = found.type === 'found' ? found.binaries.kubectl : undefined
const kubectls = findKubectls(built === undefined ? [] : [built])
if (kubectls.length === 0) console.log('kubectl on a real API server is skipped: there is no kubectl')

const program = join(import.meta.dirname, '../../packages/local-kube/src/node-agent/fixtures/server.js')
const images = [{ match: 'example.com/app', command: [process.execPath, program] }]

describe.skipIf(!isComplete || kubectls.length === 0)('what kubectl prints', () => {
  const endings: (() => Promise<void> | void)[] = []
  const kubeconfigs = { here: '', real: '' }
  const differed = new Set<unknown>()

  beforeAll(async () => {
    if (found.type === 'absent') return
    const controlPlane = await startControlPlane(found.binaries)
    endings.push(controlPlane.close)
    const stateDirectory = mkdtempSync(join(tmpdir(), 'kubectl-node-'))
    endings.push(() => rmSync(stateDirectory, { recursive: true, force: true }))
    const node = await startNodeAgent({
      kubeconfig: controlPlane.kubeconfig(),
      images,
      stateDirectory,
      clientAuthority: controlPlane.kubeletClientAuthority,
    })
    endings.push(() => node.close())
    const local = await startLocalKube({ nodeAgent: { images } })
    endings.push(local.close)
    kubeconfigs.here = local.kubeconfig()
    kubeconfigs.real = controlPlane.kubeconfig()
  })
  afterAll(async () => {
    for (const end of endings.toReversed()) await end()
  })

  describe.each(kubectls)('kubectl $version', ({ path, version }) => {
    let here: KubectlRunner
    let real: KubectlRunner
    beforeAll(() => {
      here = kubectlRunner({ kubectl: path, kubeconfig: kubeconfigs.here })
      real = kubectlRunner({ kubectl: path, kubeconfig: kubeconfigs.real })
    })
    afterAll(() => {
      here.close()
      real.close()
    })

    test.each(scriptFor(version))('$args', async (command) => {
      const [onLocal, onReal] = await Promise.all([here.run(command), real.run(command)])
      expect({ here: broken(command, onLocal), real: broken(command, onReal) }).toEqual({})
      expect(onLocal.code).toBe(onReal.code)
      const difference = compareOutcomes({ here: onLocal, real: onReal })
      if (difference !== undefined && command.differs !== undefined) differed.add(command)
      else expect(difference?.here).toBe(difference?.real)
    })
  })

  test('every explanation explains something', () => {
    const explained = script.filter(({ differs, byChance }) => differs !== undefined && byChance !== true)
    expect(explained.filter((command) => !differed.has(command)).map(({ args }) => args)).toEqual([])
  })
})
