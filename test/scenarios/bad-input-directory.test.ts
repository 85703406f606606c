// swarm dev DIR while its files change: a good save is applied, a bad one is told with its place and changes nothing.
// And what can never become ready is said, not waited for.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apiOf } from './support/api.ts'
import { shownError } from './support/screen.ts'
import { checkout, cleanEnvironment, startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

const namespace = 'saved'
const space = `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}\n`
const agent = (spec: string) =>
  `apiVersion: kubeswarm.io/v1alpha1\nkind: SwarmAgent\nmetadata: {name: helper, namespace: ${namespace}}\nspec:\n${spec}`
const withModel = (model: string) => agent(`  model: ${model}\n  prompt: {inline: Help.}\n`)

let directory: string
let dev: DevProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'saved-'))
  save('a-space.yaml', space)
})
afterEach(async () => {
  const running = dev
  dev = undefined
  if (running !== undefined) expect(await running.stop(), running.complaints()).toBe(0)
  rmSync(directory, { recursive: true, force: true })
})

const save = (name: string, text: string) => writeFileSync(join(directory, name), text)

/** What dev says on standard error from now on, once it matches. */
const said = async ({ complaints }: DevProcess, from: number, pattern: RegExp): Promise<string> => {
  while (!pattern.test(complaints().slice(from))) await sleep(50)
  return complaints().slice(from)
}

test('a good save is applied, a broken one is told and changes nothing, the next good one is applied', async () => {
  save('agent.yaml', withModel('first') + '  guardrails: {budgetRef: {name: month}}\n')
  dev = await startDevProcess({ args: ['--ephemeral', directory] })
  const api = apiOf(dev.kubeconfig)
  const path = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmagents/helper`
  const model = async () => (await api.ok<{ spec: { model: string } }>('GET', path)).spec.model
  const labels = async () =>
    (
      await api.ok<{ metadata: { labels?: Record<string, string> } }>(
        'GET',
        `/api/v1/namespaces/${namespace}`,
      )
    ).metadata.labels ?? {}
  expect(await model()).toBe('first')
  expect(dev.complaints()).toMatch(
    /^warning: \S+agent\.yaml:7:27: SwarmAgent saved\/helper: spec\.guardrails\.budgetRef/m,
  )

  let from = dev.complaints().length
  save('agent.yaml', withModel('second'))
  await said(dev, from, /applied 2 objects/)
  expect(await model()).toBe('second')

  for (const { text, says } of [
    { text: `${withModel('third')}  oops: [\n`, says: /agent\.yaml:8:1: cannot read YAML: / },
    {
      text: agent('  model: third\n  prompt: {inline: Help.}\n  guardrials: {}\n'),
      says: /agent\.yaml:7:15: SwarmAgent saved\/helper: spec\.guardrials: there is no field "guardrials"\. Did you mean "guardrails"\?/,
    },
  ]) {
    from = dev.complaints().length
    save('a-space.yaml', space.replace('{name', '{labels: {changed: "yes"}, name'))
    save('agent.yaml', text)
    const complaint = await said(dev, from, /code: /)
    const { message, fix, code } = shownError(complaint)
    expect(message).toMatch(says)
    expect(fix).toContain('nothing was applied')
    expect(code).toBe('InvalidManifest')
    expect(await model()).toBe('second')
    expect(await labels(), 'the good file beside it was not applied either').not.toHaveProperty('changed')
  }

  from = dev.complaints().length
  save('agent.yaml', withModel('fourth'))
  await said(dev, from, /applied 2 objects/)
  expect(await model()).toBe('fourth')
  expect(await labels()).toHaveProperty('changed', 'yes')
})

describe('something that can never become ready', () => {
  const alien = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: alien, namespace: ${namespace}}\nspec:\n  selector: {matchLabels: {app: alien}}\n  template:\n    metadata: {labels: {app: alien}}\n    spec: {containers: [{name: web, image: "nginx:1"}]}\n`
  const promptless = agent(`  model: m\n  prompt: {from: {configMapKeyRef: {name: nowhere, key: text}}}\n`)

  test('is named with its reason, and the cluster is there to look at', async () => {
    save('alien.yaml', alien)
    save('agent.yaml', promptless)
    dev = await startDevProcess({ args: ['--ephemeral', directory] })
    expect(dev.complaints()).toMatch(
      /warning: not ready: SwarmAgent saved\/helper: .*nowhere.* \[PromptResolutionError\]/,
    )
    expect(dev.complaints()).toMatch(
      /warning: not ready: pod saved\/alien-\S+, container web: .*"nginx:1" cannot run here.* \[ErrImageNeverPull\]/,
    )
  })

  test('is what a run says it waits for', async () => {
    save('agent.yaml', promptless)
    dev = await startDevProcess({ args: ['--ephemeral', directory] })
    const args = [
      'run',
      '--agent',
      'helper',
      '--prompt',
      'x',
      '-n',
      namespace,
      '--kubeconfig',
      dev.kubeconfig,
    ]
    const watching = spawn(process.execPath, [join(checkout, 'bin/swarm.js'), ...args], {
      env: cleanEnvironment(),
      stdio: 'pipe',
    })
    let stderr = ''
    watching.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    while (!stderr.includes('waiting: ')) await once(watching.stderr, 'data')
    expect(stderr).toMatch(
      /waiting: step "helper" needs SwarmAgent saved\/helper, which is not ready: .*nowhere.* \[PromptResolutionError\]/,
    )
    watching.kill('SIGINT')
    expect(await once(watching, 'close')).toEqual([130, null])
  })

  test('is an error for --exit-when-ready', async () => {
    save('alien.yaml', alien)
    const { exitCode, stdout, stderr } = await swarm(['dev', '--ephemeral', '--exit-when-ready', directory])
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 2, stdout: '' })
    expect(shownError(stderr).message).toContain('[ErrImageNeverPull]')
  })
})
