// The founding story without kubectl: the requests kubectl would send, over plain HTTPS. Runs on every machine.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { apiOf, type Api } from './support/api.ts'
import { example, ledgerOf, namespace } from './support/story.ts'
import { startDevProcess, type DevProcess } from './support/swarm.ts'

let dev: DevProcess
let api: Api
beforeAll(async () => {
  dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder'] })
  api = apiOf(dev.kubeconfig)
})
afterAll(async () => {
  await dev?.stop()
})

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}
interface Condition {
  readonly type: string
  readonly status: string
  readonly message: string
}
interface Seen extends Manifest {
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly Condition[]
    readonly webhookURL?: string
  }
}
interface Table {
  readonly kind: string
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[]
  readonly rows: readonly { readonly cells: readonly unknown[] }[]
}

const inNamespace = `/api/v1/namespaces/${namespace}`
const ours = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}`
const asTable = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

const manifestsOf = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(join(example, file), 'utf8')).map((document) => document.toJS() as Manifest)

/** Where kubectl finds a kind: by discovery. */
const pathOf = async ({ apiVersion, kind, metadata }: Manifest): Promise<string> => {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const { resources } = await api.ok<{
    resources: readonly { name: string; kind: string; namespaced: boolean }[]
  }>('GET', root)
  const resource = resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'))
  return `${root}${resource?.namespaced === true ? `/namespaces/${metadata.namespace ?? 'default'}` : ''}/${resource?.name ?? 'unknown'}`
}

/** `kubectl apply --server-side -f`: status code of each object's request. */
const apply = async (file: string): Promise<readonly number[]> => {
  const codes: number[] = []
  for (const manifest of manifestsOf(file)) {
    const path = `${await pathOf(manifest)}/${manifest.metadata.name}?fieldManager=kubectl&fieldValidation=Strict&force=false`
    const { status, text } = await api.send('PATCH', path, {
      body: manifest,
      contentType: 'application/apply-patch+yaml',
    })
    expect(status, text).toBeLessThan(300)
    codes.push(status)
  }
  return codes
}
/** `kubectl create -f`. */
const create = async (file: string): Promise<readonly number[]> => {
  const codes: number[] = []
  for (const manifest of manifestsOf(file))
    codes.push(
      (
        await api.send(
          'POST',
          `${await pathOf(manifest)}?fieldManager=kubectl-create&fieldValidation=Strict`,
          { body: manifest },
        )
      ).status,
    )
  return codes
}

const rowsOf = async (path: string) => {
  const table = await api.ok<Table>('GET', path, { accept: asTable })
  expect(table.kind).toBe('Table')
  return shownOf(table)
}
/** Columns that `-o wide` is not needed for. */
const shownOf = ({ columnDefinitions, rows }: Table) => {
  const shown = columnDefinitions.flatMap(({ name, priority }, index) =>
    priority === 0 ? [{ name, index }] : [],
  )
  return {
    columns: shown.map(({ name }) => name.toUpperCase()),
    rows: rows.map(({ cells }) => shown.map(({ index }) => String(cells[index]))),
  }
}
const is = (type: string, status: string) => (object: Seen) =>
  object.status?.conditions?.some((condition) => condition.type === type && condition.status === status) ===
  true

test('what kubectl asks first is answered: version, discovery, OpenAPI', async () => {
  expect(await api.ok('GET', '/version')).toMatchObject({
    gitVersion: expect.stringMatching(/^v1\.\d+/) as string,
  })
  expect(
    await api.ok('GET', '/apis', {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
    }),
  ).toMatchObject({ kind: 'APIGroupDiscoveryList' })
  expect(Object.keys((await api.ok<{ paths: object }>('GET', '/openapi/v3')).paths)).toContain(
    'apis/kubeswarm.io/v1alpha1',
  )
})

test('mock servers come up as pods', async () => {
  expect(await create('namespace.yaml')).toEqual([201])
  expect(await create('namespace.yaml')).toEqual([409])
  expect(await apply('ollama-secret.yaml')).toEqual([201])
  expect(await apply('mock-servers.yaml')).toEqual([201, 201, 201, 201, 201, 201])
  expect(await apply('mock-servers.yaml')).toEqual([200, 200, 200, 200, 200, 200])
  for (const server of ['grafana', 'pagerduty', 'slack'])
    await api.until<Seen>(
      `/apis/apps/v1/namespaces/${namespace}/deployments/mock-${server}`,
      is('Available', 'True'),
    )
  const { columns, rows } = await rowsOf(`${inNamespace}/pods`)
  expect(columns).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'])
  expect(
    rows.map(([name = '', ...rest]) => [name.replace(/-[a-z0-9]+-[a-z0-9]{5}$/, ''), ...rest.slice(0, 3)]),
  ).toEqual(['mock-grafana', 'mock-pagerduty', 'mock-slack'].map((name) => [name, '1/1', 'Running', '0']))
})

test('agents become ready and print the columns of the story', async () => {
  const agents = ['investigator', 'diagnostician', 'notifier']
  for (const agent of agents) expect(await apply(`${agent}-agent.yaml`)).toEqual([201])
  for (const agent of agents)
    await api.until<Seen>(`${ours}/swarmagents/incident-${agent}`, is('Ready', 'True'))
  const { columns, rows } = await rowsOf(`${ours}/swarmagents`)
  expect(columns).toEqual(['NAME', 'MODEL', 'REPLICAS', 'READY', 'AGE'])
  expect(rows.map((row) => row.slice(0, 4))).toEqual(
    agents.toSorted().map((agent) => [`incident-${agent}`, 'qwen2.5:7b', '1', '1']),
  )
})

test('a run is seen Pending, Running and Succeeded by a watch that was there before it', async () => {
  expect(await apply('incident-team.yaml')).toEqual([201])
  const { metadata } = await api.ok<{ metadata: { resourceVersion: string } }>(
    'GET',
    `${ours}/swarmruns?fieldSelector=metadata.name%3Dincident-001`,
  )
  const seen = (async () => {
    const phases: string[] = []
    const watch = `${ours}/swarmruns?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dincident-001&resourceVersion=${metadata.resourceVersion}`
    for await (const { type, object } of api.watch<Seen>(watch)) {
      const phase = object.status?.phase
      if (type !== 'BOOKMARK' && phase !== undefined && phases.at(-1) !== phase) phases.push(phase)
      if (phase === 'Succeeded' || phase === 'Failed') break
    }
    return phases
  })()
  expect(await apply('sample-incident.yaml')).toEqual([201])
  expect(await seen).toEqual(['Pending', 'Running', 'Succeeded'])
  const { columns, rows } = await rowsOf(`${ours}/swarmruns`)
  expect(columns.slice(0, 2)).toEqual(['NAME', 'PHASE'])
  expect(rows.map((row) => row.slice(0, 2))).toEqual([['incident-001', 'Succeeded']])
})

test('a watch as a table, as get -w asks for it, prints rows', async () => {
  for await (const { type, object } of api.watch<Table>(`${ours}/swarmruns`, { accept: asTable })) {
    expect([type, object.kind]).toEqual(['ADDED', 'Table'])
    expect(shownOf(object).rows.map((row) => row.slice(0, 2))).toEqual([['incident-001', 'Succeeded']])
    break
  }
})

test('the pods’ logs show the message and the acknowledgement', async () => {
  const logOf = async (server: string) => {
    const { items } = await api.ok<{ items: readonly Manifest[] }>(
      'GET',
      `${inNamespace}/pods?labelSelector=app%3Dmock-${server}`,
    )
    expect(items).toHaveLength(1)
    return (
      await api.send(
        'GET',
        `${inNamespace}/pods/${items[0]?.metadata.name ?? ''}/log?container=mock-${server}`,
      )
    ).text
  }
  const slack = await logOf('slack')
  expect(slack).toContain(
    '========================================\nSLACK MESSAGE to #incidents\n========================================\n',
  )
  expect(slack).toContain('payments-api')
  expect(await logOf('pagerduty')).toContain('PAGERDUTY ACKNOWLEDGED P-48291')
})

test('each agent called exactly what the story says, read from the ledgers', async () => {
  expect((await ledgerOf({ api, server: 'grafana' })).map(({ tool }) => tool).toSorted()).toEqual([
    'query_logs',
    'query_metrics',
  ])
  expect((await ledgerOf({ api, server: 'pagerduty' })).map(({ tool }) => tool)).toEqual([
    'get_incident',
    'acknowledge_incident',
  ])
  expect(
    (await ledgerOf({ api, server: 'slack' })).map(({ tool, arguments: { channel } }) => [tool, channel]),
  ).toEqual([['post_message', '#incidents']])
})

test('the policy applies, and clamps the investigator it would not admit', async () => {
  expect(await apply('incident-policy.yaml')).toEqual([201])
  const { status } = await api.until<Seen>(
    `${ours}/swarmagents/incident-investigator`,
    is('PolicyCompliant', 'False'),
  )
  const message = status?.conditions?.find(({ type }) => type === 'PolicyCompliant')?.message
  expect(message).toContain('4000')
  expect(message).toContain('3000')
})

test('the webhook event gets a URL', async () => {
  expect(await apply('incident-event.yaml')).toEqual([201])
  const { status } = await api.until<Seen>(`${ours}/swarmevents/incident-alert`, is('Ready', 'True'))
  expect(status?.webhookURL).toMatch(/^http:\/\/.+\/triggers\/incident-response\/incident-alert\/fire$/)
})

test('deleting the namespace takes everything with it', async () => {
  const { metadata } = await api.ok<{ metadata: { resourceVersion: string } }>('GET', '/api/v1/namespaces')
  const gone = (async () => {
    for await (const { type } of api.watch<Seen>(
      `/api/v1/namespaces?fieldSelector=metadata.name%3D${namespace}&resourceVersion=${metadata.resourceVersion}`,
    ))
      if (type === 'DELETED') return true
    return false
  })()
  const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' }
  const { status, text } = await api.send('DELETE', `/api/v1/namespaces/${namespace}`, { body: options })
  expect(status, text).toBe(200)
  expect(await gone, dev.complaints()).toBe(true)
  expect((await api.send('GET', `/api/v1/namespaces/${namespace}`)).status).toBe(404)
  for (const path of [
    '/apis/kubeswarm.io/v1alpha1/swarmagents',
    '/apis/kubeswarm.io/v1alpha1/swarmteams',
    '/apis/kubeswarm.io/v1alpha1/swarmruns',
    '/api/v1/pods',
  ]) {
    expect([path, (await api.ok<{ items: readonly unknown[] }>('GET', path)).items]).toEqual([path, []])
  }
})
