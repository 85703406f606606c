// The founding story, with kubectl, every command in its order and as printed.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findKubectls, kubectlWith, type Kubectl } from './support/kubectl.ts'
import { checkout, startDevProcess, type DevProcess } from './support/swarm.ts'

const kubectls = findKubectls()
const newest = kubectls.at(-1)
if (newest === undefined)
  console.log('skipped: no kubectl 1.30 or newer in PATH; the raw-request twin of this story runs instead')

describe.skipIf(newest === undefined)(`the story as printed, with kubectl ${newest?.version}`, () => {
  let dev: DevProcess
  let kubectl: Kubectl
  const example = join(checkout, 'examples/incident-response')
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await kubectl(...args)
    expect(exitCode, `kubectl ${args.join(' ')}\n${stderr}`).toBe(0)
    return stdout
  }

  beforeAll(async () => {
    dev = await startDevProcess()
    kubectl = kubectlWith({ path: newest?.path ?? '', kubeconfig: dev.kubeconfig, cwd: example })
  })
  afterAll(async () => {
    await dev?.stop()
  })

  test('mock servers come up as pods', async () => {
    expect(await ok('apply', '-f', 'namespace.yaml')).toBe('namespace/incident-response created\n')
    expect(await ok('apply', '-f', 'ollama-secret.yaml')).toMatch(/^secret\/\S+ created\n$/)
    await ok('apply', '-f', 'mock-servers.yaml')
    await ok(
      'wait',
      '--for=condition=Available',
      'deployment',
      '--all',
      '-n',
      'incident-response',
      '--timeout=30s',
    )
    const pods = (await ok('get', 'pods', '-n', 'incident-response')).trimEnd().split('\n')
    expect(pods[0]).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE$/)
    expect(pods.slice(1).map((line) => line.replace(/-[a-z0-9]+-[a-z0-9]{5} .*/, ''))).toEqual([
      'mock-grafana',
      'mock-pagerduty',
      'mock-slack',
    ])
    for (const line of pods.slice(1)) expect(line).toMatch(/\s1\/1\s+Running\s+0\s/)
  })

  test('agents become ready and print the columns of the story', async () => {
    for (const agent of ['investigator', 'diagnostician', 'notifier']) {
      expect(await ok('apply', '-f', `${agent}-agent.yaml`)).toBe(
        `swarmagent.kubeswarm.io/incident-${agent} created\n`,
      )
    }
    await ok(
      'wait',
      '--for=condition=Ready',
      'swarmagent',
      '--all',
      '-n',
      'incident-response',
      '--timeout=60s',
    )
    const agents = (await ok('get', 'swarmagents', '-n', 'incident-response')).trimEnd().split('\n')
    expect(agents[0]).toMatch(/^NAME\s+MODEL\s+REPLICAS\s+READY\s+AGE$/)
    for (const line of agents.slice(1)) expect(line).toMatch(/^incident-\w+\s+qwen2\.5:7b\s+1\s+1\s+\S+$/)
  })

  test('a run is seen Pending, Running and Succeeded by get -w', async () => {
    await ok('apply', '-f', 'incident-team.yaml')
    const seen = watchPhases({ path: newest?.path ?? '', kubeconfig: dev.kubeconfig })
    expect(await ok('apply', '-f', 'sample-incident.yaml')).toBe(
      'swarmrun.kubeswarm.io/incident-001 created\n',
    )
    expect(await seen).toEqual(['Pending', 'Running', 'Succeeded'])
  })

  test('Slack received the message, PagerDuty the acknowledgement', async () => {
    const slack = await ok('logs', '-n', 'incident-response', 'deploy/mock-slack')
    expect(slack).toContain(
      '========================================\nSLACK MESSAGE to #incidents\n========================================\n',
    )
    expect(slack).toContain('payments-api')
    expect(await ok('logs', '-n', 'incident-response', 'deploy/mock-pagerduty')).toContain('P-48291')
  })

  test('each agent called exactly what the story says, read from the ledgers', async () => {
    const calls = async (server: string) => {
      const { calls: entries } = JSON.parse(
        await ok(
          'get',
          '--raw',
          `/api/v1/namespaces/incident-response/services/mock-${server}:control/proxy/__ledger`,
        ),
      ) as {
        calls: { tool: string; arguments: { channel?: string; incident_id?: string }; executed: boolean }[]
      }
      return entries.filter(({ executed }) => executed)
    }
    expect((await calls('grafana')).map(({ tool }) => tool).sort()).toEqual(['query_logs', 'query_metrics'])
    expect((await calls('pagerduty')).map(({ tool }) => tool)).toEqual([
      'get_incident',
      'acknowledge_incident',
    ])
    const slack = await calls('slack')
    expect(slack.map(({ tool, arguments: { channel } }) => [tool, channel])).toEqual([
      ['post_message', '#incidents'],
    ])
  })

  test('the policy applies, and clamps the investigator it would not admit', async () => {
    await ok('apply', '-f', 'incident-policy.yaml')
    await ok(
      'wait',
      '--for=condition=PolicyCompliant=False',
      'swarmagent/incident-investigator',
      '-n',
      'incident-response',
      '--timeout=10s',
    )
    const message = await ok(
      'get',
      'swarmagent',
      'incident-investigator',
      '-n',
      'incident-response',
      '-o',
      'jsonpath={.status.conditions[?(@.type=="PolicyCompliant")].message}',
    )
    expect(message).toContain('4000')
    expect(message).toContain('3000')
  })

  test('the webhook event gets a URL', async () => {
    await ok('apply', '-f', 'incident-event.yaml')
    await ok(
      'wait',
      '--for=condition=Ready',
      'swarmevent',
      '--all',
      '-n',
      'incident-response',
      '--timeout=10s',
    )
    expect(
      await ok(
        'get',
        'swarmevent',
        '-n',
        'incident-response',
        '-o',
        'jsonpath={.items[0].status.webhookURL}',
      ),
    ).toMatch(/^http:\/\/.+\/triggers\/incident-response\/.+\/fire$/)
  })

  test('deleting the namespace takes everything with it', async () => {
    expect(await ok('delete', 'namespace', 'incident-response', '--timeout=60s')).toContain(
      'namespace "incident-response" deleted',
    )
    expect((await kubectl('get', 'namespace', 'incident-response')).exitCode).toBe(1)
    expect(await ok('get', 'swarmagents,swarmteams,swarmruns,pods', '-A')).toBe('')
  })
})

/** Phases of incident-001 in the order a watch started before it exists shows them. */
const watchPhases = ({
  path,
  kubeconfig,
}: {
  readonly path: string
  readonly kubeconfig: string
}): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const child = spawn(path, ['get', 'swarmruns', '-n', 'incident-response', '-w', '--no-headers'], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const phases: string[] = []
    const timer = setTimeout(() => child.kill(), 60_000)
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [name, phase] = line.trim().split(/\s+/)
        // The first row may come before the operator has said anything: it has an age and no phase.
        if (name === 'incident-001' && /^[A-Z]/.test(phase ?? '') && phases.at(-1) !== phase)
          phases.push(phase ?? '')
        if (phase === 'Succeeded' || phase === 'Failed') child.kill()
      }
    })
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(timer)
      resolve(phases)
    })
  })
