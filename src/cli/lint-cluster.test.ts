// swarm lint --cluster against a real Kubernetes API server (local-kube's) with our definitions and admission.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { startApiServer } from 'local-kube'
import type { KubernetesObject } from '../api/resource.ts'
import { apiVersion, swarmAgents, swarmPolicies, swarmSettings } from '../api/v1alpha1/index.ts'
import { namespaces } from '../operator/builtin-kinds.ts'
import { operatorOn } from '../processes/operator-on.fixtures.ts'
import { lint } from './lint.ts'

const namespace = 'incident-response'
const open: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of open.splice(0).toReversed()) await close()
})

const setUp = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lint-cluster-'))
  open.push(() => rmSync(directory, { recursive: true, force: true }))
  const server = await startApiServer()
  open.push(() => server.close())
  const { resources } = await operatorOn({ kubeconfig: server.kubeconfig(), open })
  await resources.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, server.kubeconfig())
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const said = async (
    text: string,
    cluster = true,
  ): Promise<{ readonly code: number; readonly lines: string }> => {
    const path = join(directory, 'manifest.yaml')
    writeFileSync(path, text)
    lines.length = 0
    const code = await lint({
      paths: [path],
      output: 'text',
      ...(cluster ? { cluster: { kubeconfig, namespace } } : {}),
    })
    return { code, lines: lines.join('\n') }
  }
  return { resources, said }
}
const manifest = (kind: string, name: string, spec: unknown): KubernetesObject =>
  ({ apiVersion, kind, metadata: { name, namespace }, spec }) as KubernetesObject

test('manifests are judged by the policies, settings and agents of the cluster, as applying them would', async () => {
  const { resources, said } = await setUp()
  const agent = `apiVersion: ${apiVersion}
kind: SwarmAgent
metadata: {name: reader}
spec:
  model: qwen2.5:7b
  prompt: {inline: Read.}
  settings: [{name: house}]
  tools: {mcp: [{name: logs, url: "https://elsewhere.example.com"}]}
  guardrails: {limits: {tokensPerCall: 4000}}
`
  const run = `apiVersion: ${apiVersion}
kind: SwarmRun
metadata: {name: lost}
spec: {teamRef: nobody}
`
  expect((await said(agent, false)).code, 'alone there is nothing against it').toBe(0)
  expect((await said(run, false)).code).toBe(0)
  await resources.create(
    swarmPolicies,
    manifest('SwarmPolicy', 'house', { enforcementMode: 'Enforce', limits: { maxTokensPerCall: 3000 } }),
  )
  await resources.create(
    swarmSettings,
    manifest('SwarmSettings', 'house', { security: { mcpAllowlist: ['https://mcp.example.com'] } }),
  )
  const refused = await said(agent)
  expect(refused.code).not.toBe(0)
  expect(refused.lines).toMatch(/manifest\.yaml:9:\d+: error: .*tokensPerCall.*4000.*SwarmPolicy house.*3000/)
  expect(refused.lines).toMatch(
    /manifest\.yaml:8:\d+: error: .*SwarmSettings house spec\.security\.mcpAllowlist/,
  )
  // The API server says the same.
  const applied = resources.create(
    swarmAgents,
    manifest('SwarmAgent', 'reader', {
      model: 'qwen2.5:7b',
      prompt: { inline: 'Read.' },
      guardrails: { limits: { tokensPerCall: 4000 } },
    }),
  )
  await expect(applied).rejects.toThrow(/4000.*3000/)
  const lost = await said(run)
  expect(lost.code).not.toBe(0)
  expect(lost.lines).toContain('there is no SwarmTeam "nobody" in the namespace')
})
