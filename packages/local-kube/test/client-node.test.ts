/**
 * `@kubernetes/client-node`, a client that knows nothing of this package: lists, watches, informers, every kind of patch,
 * logs. Runs against another server too, see server-under-test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  ApiextensionsV1Api,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  PatchStrategy,
  Watch,
  makeInformer,
  setHeaderOptions,
} from '@kubernetes/client-node'
import type {
  KubernetesListObject,
  KubernetesObject,
  V1ConfigMap,
  V1Deployment,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startLocalKube } from '../src/index.ts'
import type { Target } from './conformance-runner.ts'
import { startCuttingProxy } from './cutting-proxy.ts'
import { serverUnderTest } from './server-under-test.ts'
import type { ServerUnderTest } from './server-under-test.ts'

const namespace = `client-node-${Date.now().toString(36)}`
const group = 'client-node.example.com'
let server: ServerUnderTest
let config: KubeConfig
let core: CoreV1Api

function configOf({ url, ca, token }: Target): KubeConfig {
  const made = new KubeConfig()
  made.loadFromOptions({
    clusters: [
      {
        name: 'c',
        server: url,
        ...(ca === undefined ? {} : { caData: Buffer.from(ca).toString('base64') }),
        skipTLSVerify: false,
      },
    ],
    users: [{ name: 'u', token }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  })
  return made
}

const configMap = (name: string, more: Partial<V1ConfigMap> = {}): V1ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  ...more,
  metadata: { name, namespace, ...more.metadata },
})
const create = (name: string, more: Partial<V1ConfigMap> = {}): Promise<V1ConfigMap> =>
  core.createNamespacedConfigMap({ namespace, body: configMap(name, more) })
const patchAs = (type: PatchStrategy): ReturnType<typeof setHeaderOptions> =>
  setHeaderOptions('Content-Type', type)

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gadgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced' as const,
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { size: { type: 'integer' }, note: { type: 'string' } } },
              status: { type: 'object', properties: { phase: { type: 'string' } } },
            },
          },
        },
      },
    ],
  },
}
const gadgets = { group, version: 'v1', plural: 'gadgets', namespace }
const gadget = (name: string, spec: object = {}): object => ({
  apiVersion: `${group}/v1`,
  kind: 'Gadget',
  metadata: { name, namespace },
  spec,
})

beforeAll(async () => {
  server = await serverUnderTest()
  config = configOf(server)
  core = config.makeApiClient(CoreV1Api)
  await core.createNamespace({ body: { metadata: { name: namespace } } })
  const definitions = config.makeApiClient(ApiextensionsV1Api)
  await definitions.createCustomResourceDefinition({ body: definition })
  // Elsewhere a definition takes a moment to be served.
  await vi.waitFor(() => config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject(gadgets), {
    timeout: 30_000,
    interval: 100,
  })
})

afterAll(async () => {
  await config
    .makeApiClient(ApiextensionsV1Api)
    .deleteCustomResourceDefinition({ name: definition.metadata.name })
  await core.deleteNamespace({ name: namespace })
  await server.close()
})

describe('reads', () => {
  test('a list pages by limit and continue, and selects by label and field', async () => {
    for (const name of ['page-a', 'page-b', 'page-c'])
      await create(name, { metadata: { labels: { paged: 'yes' } } })
    const names: string[] = []
    let token: string | undefined
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'paged=yes',
        limit: 2,
        ...(token === undefined ? {} : { _continue: token }),
      })
      expect(page.items.length).toBeLessThanOrEqual(2)
      names.push(...page.items.map(({ metadata }) => metadata?.name ?? ''))
      token = page.metadata?._continue
    } while (token !== undefined && token !== '')
    expect(names).toEqual(['page-a', 'page-b', 'page-c'])
    const { items } = await core.listNamespacedConfigMap({ namespace, fieldSelector: 'metadata.name=page-b' })
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['page-b'])
  })

  test('what is not there is a NotFound the client understands', async () => {
    const error: unknown = await core
      .readNamespacedConfigMap({ name: 'absent', namespace })
      .catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(ApiException)
    expect((error as ApiException<string>).code).toBe(404)
    expect(JSON.parse((error as ApiException<string>).body)).toMatchObject({
      kind: 'Status',
      reason: 'NotFound',
      details: { name: 'absent', kind: 'configmaps' },
    })
  })

  test('an update from an old version is a Conflict', async () => {
    const first = await create('contested')
    await core.replaceNamespacedConfigMap({
      name: 'contested',
      namespace,
      body: { ...first, data: { a: '1' } },
    })
    const error: unknown = await core
      .replaceNamespacedConfigMap({ name: 'contested', namespace, body: { ...first, data: { a: '2' } } })
      .catch((cause: unknown) => cause)
    expect((error as ApiException<string>).code).toBe(409)
  })

  test('the generic object client finds its way by discovery alone', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config)
    await objects.create(gadget('discovered', { size: 3 }) as KubernetesObject)
    const read = await objects.read<KubernetesObject & { spec: { size: number } }>({
      apiVersion: `${group}/v1`,
      kind: 'Gadget',
      metadata: { name: 'discovered', namespace },
    })
    expect(read.spec.size).toBe(3)
    await objects.delete(read)
  })
})

describe('patches', () => {
  test('JSON patch', async () => {
    await create('json-patched', { data: { keep: 'k', drop: 'd' } })
    const patched = await core.patchNamespacedConfigMap(
      {
        name: 'json-patched',
        namespace,
        body: [
          { op: 'test', path: '/data/keep', value: 'k' },
          { op: 'remove', path: '/data/drop' },
          { op: 'add', path: '/data/added', value: 'a' },
        ],
      },
      patchAs(PatchStrategy.JsonPatch),
    )
    expect(patched.data).toEqual({ keep: 'k', added: 'a' })
  })

  test('merge patch', async () => {
    await create('merge-patched', { data: { keep: 'k', drop: 'd' } })
    const patched = await core.patchNamespacedConfigMap(
      { name: 'merge-patched', namespace, body: { data: { drop: null, added: 'a' } } },
      patchAs(PatchStrategy.MergePatch),
    )
    expect(patched.data).toEqual({ keep: 'k', added: 'a' })
  })

  test('strategic merge patch merges containers by name, and is refused for custom resources', async () => {
    const apps = config.makeApiClient(AppsV1Api)
    const body: V1Deployment = {
      metadata: { name: 'strategic' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 's' } },
        template: {
          metadata: { labels: { app: 's' } },
          spec: {
            containers: [
              { name: 'a', image: 'example.com/a' },
              { name: 'b', image: 'example.com/b' },
            ],
          },
        },
      },
    }
    await apps.createNamespacedDeployment({ namespace, body })
    const patched = await apps.patchNamespacedDeployment(
      {
        name: 'strategic',
        namespace,
        body: { spec: { template: { spec: { containers: [{ name: 'b', image: 'example.com/b:2' }] } } } },
      },
      patchAs(PatchStrategy.StrategicMergePatch),
    )
    expect(patched.spec?.template.spec?.containers.map(({ name, image }) => [name, image])).toEqual([
      ['a', 'example.com/a'],
      ['b', 'example.com/b:2'],
    ])
    await apps.deleteNamespacedDeployment({ name: 'strategic', namespace })
    const custom = config.makeApiClient(CustomObjectsApi)
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget('not-strategic') })
    const error: unknown = await custom
      .patchNamespacedCustomObject(
        { ...gadgets, name: 'not-strategic', body: { spec: { size: 1 } } },
        patchAs(PatchStrategy.StrategicMergePatch),
      )
      .catch((cause: unknown) => cause)
    expect((error as ApiException<string>).code).toBe(415)
  })

  test('server-side apply owns fields, and a second owner meets a conflict until it forces', async () => {
    const apply = (manager: string, value: string, force: boolean): Promise<V1ConfigMap> =>
      core.patchNamespacedConfigMap(
        {
          name: 'applied',
          namespace,
          fieldManager: manager,
          force,
          body: configMap('applied', { data: { shared: value, [manager]: 'own' } }),
        },
        patchAs(PatchStrategy.ServerSideApply),
      )
    await apply('one', '1', false)
    const error: unknown = await apply('two', '2', false).catch((cause: unknown) => cause)
    expect((error as ApiException<string>).code).toBe(409)
    expect(JSON.parse((error as ApiException<string>).body)).toMatchObject({
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.shared' }] },
    })
    expect((await apply('two', '2', true)).data).toEqual({ shared: '2', one: 'own', two: 'own' })
  })

  test('a patch of the status subresource leaves the spec alone', async () => {
    const custom = config.makeApiClient(CustomObjectsApi)
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget('with-status', { size: 1 }) })
    const patched: unknown = await custom.patchNamespacedCustomObjectStatus(
      { ...gadgets, name: 'with-status', body: { spec: { size: 9 }, status: { phase: 'Done' } } },
      patchAs(PatchStrategy.MergePatch),
    )
    expect(patched).toMatchObject({
      spec: { size: 1 },
      status: { phase: 'Done' },
      metadata: { generation: 1 },
    })
  })
})

describe('a watch', () => {
  test('from a list goes on where the list ended', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace })
    const seen: string[] = []
    const watch = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: metadata?.resourceVersion },
      (type, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name}`),
      () => undefined,
    )
    onTestFinished(() => watch.abort())
    await create('watched')
    await core.patchNamespacedConfigMap(
      { name: 'watched', namespace, body: { data: { a: '1' } } },
      patchAs(PatchStrategy.MergePatch),
    )
    await core.deleteNamespacedConfigMap({ name: 'watched', namespace })
    await expect.poll(() => seen).toEqual(['ADDED watched', 'MODIFIED watched', 'DELETED watched'])
  })
})

interface Gadget extends KubernetesObject {
  readonly spec: { readonly size?: number; readonly note?: string }
}

describe('an informer', () => {
  const path = `/apis/${group}/v1/namespaces/${namespace}/gadgets`
  const listGadgets = async (): Promise<KubernetesListObject<Gadget>> =>
    (await config
      .makeApiClient(CustomObjectsApi)
      .listNamespacedCustomObject(gadgets)) as KubernetesListObject<Gadget>
  const write = (name: string, size: number): Promise<unknown> =>
    config
      .makeApiClient(CustomObjectsApi)
      .patchNamespacedCustomObject(
        { ...gadgets, name, body: { spec: { size } } },
        patchAs(PatchStrategy.MergePatch),
      )

  test('whose version is too old is told 410, lists again, and misses nothing', async () => {
    const custom = config.makeApiClient(CustomObjectsApi)
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget('expired', { size: 1 }) })
    let lists = 0
    const informer = makeInformer<Gadget>(config, path, async () => {
      lists += 1
      const list = await listGadgets()
      // As if the first list had been made before anything that the server still remembers.
      return lists === 1 ? { ...list, items: [], metadata: { resourceVersion: '1' } } : list
    })
    const errors: unknown[] = []
    informer.on('error', (error) => errors.push(error))
    await informer.start()
    onTestFinished(() => informer.stop())
    await expect.poll(() => informer.get('expired', namespace)?.spec.size, { timeout: 20_000 }).toBe(1)
    expect(lists).toBe(2)
    await write('expired', 2)
    await expect.poll(() => informer.get('expired', namespace)?.spec.size, { timeout: 20_000 }).toBe(2)
    expect(errors).toEqual([])
  })

  test('that is cut off goes on from where it was, without a list and without a gap', async () => {
    const custom = config.makeApiClient(CustomObjectsApi)
    await custom.createNamespacedCustomObject({ ...gadgets, body: gadget('cut', { size: 0 }) })
    const proxy = await startCuttingProxy(() => server.url)
    onTestFinished(proxy.close)
    let lists = 0
    const informer = makeInformer<Gadget>(configOf({ ...server, url: proxy.url }), path, () => {
      lists += 1
      return listGadgets()
    })
    const sizes: (number | undefined)[] = []
    const note = (object: Gadget): void => {
      if (object.metadata?.name === 'cut') sizes.push(object.spec.size)
    }
    informer.on('add', note)
    informer.on('update', note)
    informer.on('error', () => void informer.start())
    await informer.start()
    onTestFinished(() => informer.stop())
    for (let size = 1; size <= 20; size += 1) {
      await write('cut', size)
      if (size % 5 !== 0) continue
      await expect.poll(() => proxy.connections(), { timeout: 20_000 }).toBeGreaterThan(0)
      proxy.cut()
    }
    await expect.poll(() => sizes.at(-1), { timeout: 20_000 }).toBe(20)
    expect(sizes).toEqual(Array.from({ length: 21 }, (_, size) => size))
    expect(lists).toBe(1)
  })
})

// Logs need a node that runs pods; another server under test may have none.
describe.skipIf(process.env['CONFORMANCE_URL'] !== undefined)(
  'logs (only where this package runs pods)',
  () => {
    const text = (): { readonly stream: Writable; readonly read: () => string } => {
      let all = ''
      const stream = new Writable({
        write(chunk: Buffer, _encoding, done) {
          all += chunk.toString()
          done()
        },
      })
      return { stream, read: () => all }
    }

    test('are read whole, by their tail, with times, and followed to the end', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'client-node-'))
      const program =
        'console.log("one"); console.log("two"); process.on("SIGTERM", () => { console.log("bye"); process.exit(0) }); setInterval(() => {}, 1000)'
      const kube = await startLocalKube({
        nodeAgent: {
          images: [{ match: 'example.com/app', command: [process.execPath, '-e', program] }],
          stateDirectory: directory,
        },
      })
      onTestFinished(async () => {
        await kube.close()
        rmSync(directory, { recursive: true, force: true })
      })
      const here = configOf({ url: kube.url, ca: kube.caCertificate, token: kube.token })
      const pods = here.makeApiClient(CoreV1Api)
      await pods.createNamespacedPod({
        namespace: 'default',
        body: {
          metadata: { name: 'talker' },
          spec: { containers: [{ name: 'main', image: 'example.com/app' }] },
        },
      })
      const read = (tailLines?: number): Promise<string> =>
        pods.readNamespacedPodLog({
          name: 'talker',
          namespace: 'default',
          ...(tailLines === undefined ? {} : { tailLines }),
        })
      await expect.poll(() => read().catch(() => ''), { timeout: 20_000 }).toBe('one\ntwo\n')
      expect(await read(1)).toBe('two\n')
      expect(
        await pods.readNamespacedPodLog({ name: 'talker', namespace: 'default', timestamps: true }),
      ).toMatch(/^\d{4}-\d\d-\d\dT\S+Z one\n\d{4}-\d\d-\d\dT\S+Z two\n$/)
      const { stream, read: followed } = text()
      await new Log(here).log('default', 'talker', 'main', stream, { follow: true, tailLines: 1 })
      await expect.poll(followed).toBe('two\n')
      await pods.deleteNamespacedPod({ name: 'talker', namespace: 'default' })
      await expect.poll(followed, { timeout: 20_000 }).toBe('two\nbye\n')
    })
  },
)
