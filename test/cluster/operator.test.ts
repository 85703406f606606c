// The operator on a real kube-apiserver: it installs its definitions and its webhook, the example story applies, its agents
// become Deployments with pods, and what a policy forbids is refused at the door.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findKubectls } from '../../packages/local-kube/test/find-kubectl.ts'
import { operatorOn } from '../../src/processes/operator-on.fixtures.ts'
import { findControlPlane } from './control-plane-binaries.ts'
import { startControlPlane } from './start-control-plane.ts'

const found = findControlPlane()
if (found.type === 'absent') console.log(`the operator on a real API server is skipped: ${found.reason}`)
const root = join(import.meta.dirname, '..', '..')
const namespace = 'incident-response'

describe.skipIf(found.type === 'absent')('the operator on a real API server', () => {
  const endings: (() => unknown)[] = []
  let kubectl: (
    args: readonly string[],
    input?: object,
  ) => Promise<{ readonly code: number; readonly output: string }>

  beforeAll(async () => {
    if (found.type === 'absent') return
    const controlPlane = await startControlPlane(found.binaries)
    endings.push(controlPlane.close)
    const home = mkdtempSync(join(tmpdir(), 'operator-'))
    endings.push(() => rmSync(home, { recursive: true, force: true }))
    const kubeconfig = join(home, 'kubeconfig')
    writeFileSync(kubeconfig, controlPlane.kubeconfig())
    const program = found.binaries.kubectl ?? findKubectls().at(-1)?.path ?? 'kubectl'
    // Not at once: the operator that is asked for admission is in this process.
    kubectl = (args, input) =>
      new Promise((resolve) => {
        const child = execFile(
          program,
          args,
          { cwd: root, env: { HOME: home, KUBECONFIG: kubeconfig, PATH: process.env['PATH'] ?? '' } },
          (error, stdout, stderr) =>
            resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` }),
        )
        child.stdin?.end(input === undefined ? '' : JSON.stringify(input))
      })
    await operatorOn({ kubeconfig: controlPlane.kubeconfig(), open: endings })
  })
  afterAll(async () => {
    for (const end of endings.toReversed()) await end()
  })

  test('installs its definitions and its webhook', async () => {
    expect((await kubectl(['get', 'crd', '-o', 'name'])).output).toContain('swarmagents.kubeswarm.io')
    const configurations = await kubectl(['get', 'validatingwebhookconfigurations', '-o', 'name'])
    expect(configurations.output).toContain('kubeswarm')
  })

  // In the order in which its page tells it: the policy comes last, and outlaws one agent that is there already.
  test.each([
    'namespace',
    'ollama-secret',
    'mock-servers',
    'investigator-agent',
    'diagnostician-agent',
    'notifier-agent',
    'incident-team',
    'incident-event',
    'incident-policy',
  ])('%s of the example story applies through its admission', async (name) => {
    const file = `examples/incident-response/${name}.yaml`
    const { code, output } = await kubectl(['apply', '--validate=strict', '-f', file])
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('created') as string })
  })

  test('every agent becomes a Deployment', async () => {
    for (const agent of ['incident-investigator', 'incident-diagnostician', 'incident-notifier']) {
      const get = ['get', 'deployment', `${agent}-agent`, '-n', namespace, '-o', 'name']
      await expect
        .poll(async () => (await kubectl(get)).output, { timeout: 60_000, interval: 500 })
        .toContain(`deployment.apps/${agent}-agent`)
    }
    expect((await kubectl(['get', 'swarmagents', '-n', namespace])).output).toContain('incident-notifier')
  })

  test('what a policy forbids is refused', async () => {
    const refused = await kubectl(['apply', '-f', '-'], {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmAgent',
      metadata: { name: 'greedy', namespace },
      spec: { model: 'gpt-5', prompt: { inline: 'Spend.' } },
    })
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('gpt-5 is not in SwarmPolicy incident-policy')
  })
})
