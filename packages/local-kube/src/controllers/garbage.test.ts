// Deleting things, against the real API server: owners, namespaces, and custom resources alike.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isNotFound } from '../client/api-error.ts'
import type { ReplicaSet, Stored } from '../client/kubernetes-types.ts'
import type { ResourceKind } from '../client/resource-kind.ts'
import { deployment, kinds, service, startCluster, type Cluster } from '../node-agent/cluster.fixture.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.close())

const widgets: ResourceKind = {
  group: 'example.com',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

const exists = async (kind: ResourceKind, name: string, namespace = 'default'): Promise<boolean> => {
  try {
    await cluster.client.get({ kind, namespace, name })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

const defineWidgets = async (): Promise<void> => {
  if (await exists(kinds.customResourceDefinitions, 'widgets.example.com')) return
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  await cluster.create(kinds.customResourceDefinitions, {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  })
  await cluster.eventually('widgets served', async () => {
    await cluster.client.request({ path: '/apis/example.com/v1/widgets' })
    return true
  })
}

const ownedBy = (kind: string, apiVersion: string, owner: Stored, blockOwnerDeletion = false) => ({
  ownerReferences: [
    { apiVersion, kind, name: owner.metadata.name, uid: owner.metadata.uid, blockOwnerDeletion },
  ],
})

const configMap = (name: string, metadata: object = {}) => ({ metadata: { name, ...metadata }, data: {} })
const get = (kind: ResourceKind, name: string) =>
  cluster.client.get<Stored>({ kind, namespace: 'default', name })

describe('garbage collection', () => {
  it('takes ReplicaSets and Pods with their Deployment', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'owner', replicas: 2 }))
    await cluster.readyPod('app=owner')
    await cluster.client.delete({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'owner',
      propagationPolicy: 'Background',
    })
    await cluster.eventually('no pod is left', async () => (await cluster.pods('app=owner')).length === 0)
    const { items } = await cluster.client.request<{ items: readonly ReplicaSet[] }>({
      path: '/apis/apps/v1/namespaces/default/replicasets',
      query: { labelSelector: 'app=owner' },
    })
    expect(items).toEqual([])
  })

  it('in the foreground keeps the owner until the dependents that block it are gone', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'front' }))
    await cluster.readyPod('app=front')
    await cluster.client.delete({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'front',
      propagationPolicy: 'Foreground',
    })
    expect((await get(kinds.deployments, 'front')).metadata.finalizers).toEqual(['foregroundDeletion'])
    await cluster.eventually(
      'the Deployment is gone',
      async () => !(await exists(kinds.deployments, 'front')),
    )
    expect(await cluster.pods('app=front')).toEqual([])
  })

  it('frees dependents of an owner deleted with orphan, and a new owner adopts them', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'free' }))
    const pod = await cluster.readyPod('app=free')
    await cluster.client.delete({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'free',
      propagationPolicy: 'Orphan',
    })
    await cluster.eventually('the Deployment is gone', async () => !(await exists(kinds.deployments, 'free')))
    await cluster.create(kinds.deployments, deployment({ name: 'free' }))
    await cluster.eventually('it counts the old pod as its own', async () => {
      const found = await cluster.client.get<{ status?: { readyReplicas?: number } }>({
        kind: kinds.deployments,
        namespace: 'default',
        name: 'free',
      })
      return found.status?.readyReplicas === 1
    })
    expect((await cluster.pods('app=free')).map(({ metadata }) => metadata.uid)).toEqual([pod.metadata.uid])
  })

  it('treats an owner that never existed as gone, and one of two owners as enough', async () => {
    await cluster.create(kinds.configMaps, configMap('real-owner'))
    const owner = await get(kinds.configMaps, 'real-owner')
    const ghost = {
      metadata: { name: 'ghost', uid: '00000000-0000-0000-0000-000000000000', resourceVersion: '1' },
    }
    await cluster.create(kinds.configMaps, configMap('haunted', ownedBy('ConfigMap', 'v1', ghost)))
    const both = [
      ...ownedBy('ConfigMap', 'v1', ghost).ownerReferences,
      ...ownedBy('ConfigMap', 'v1', owner).ownerReferences,
    ]
    await cluster.create(kinds.configMaps, configMap('half', { ownerReferences: both }))
    await cluster.eventually(
      'the haunted one is gone',
      async () => !(await exists(kinds.configMaps, 'haunted')),
    )
    const half = await cluster.eventually('one reference is left', async () => {
      const found = await get(kinds.configMaps, 'half')
      return found.metadata.ownerReferences?.length === 1 && found
    })
    expect(half.metadata.ownerReferences?.[0]?.uid).toBe(owner.metadata.uid)
  })

  it('W19: knows custom resources as owners and as dependents', async () => {
    await defineWidgets()
    await cluster.create(widgets, { metadata: { name: 'parent' } })
    const parent = await get(widgets, 'parent')
    await cluster.create(widgets, {
      metadata: { name: 'child', ...ownedBy('Widget', 'example.com/v1', parent) },
    })
    await cluster.create(
      kinds.configMaps,
      configMap('of-widget', ownedBy('Widget', 'example.com/v1', parent, true)),
    )
    await cluster.client.delete({ kind: widgets, namespace: 'default', name: 'parent' })
    await cluster.eventually(
      'both dependents are gone',
      async () => !(await exists(widgets, 'child')) && !(await exists(kinds.configMaps, 'of-widget')),
    )
  })
})

describe('a namespace', () => {
  it('gets a default ServiceAccount, also after it was deleted', async () => {
    await cluster.create(kinds.namespaces, { metadata: { name: 'fresh' } })
    await cluster.eventually('the account', () => exists(kinds.serviceAccounts, 'default', 'fresh'))
    await cluster.client.delete({ kind: kinds.serviceAccounts, namespace: 'fresh', name: 'default' })
    await cluster.eventually('the account again', () => exists(kinds.serviceAccounts, 'default', 'fresh'))
  })

  it('is deleted with everything in it, running pods and custom resources included', async () => {
    await defineWidgets()
    await cluster.create(kinds.namespaces, { metadata: { name: 'doomed' } })
    await cluster.eventually('the account', () => exists(kinds.serviceAccounts, 'default', 'doomed'))
    for (const name of ['a', 'b', 'c']) {
      await cluster.create(kinds.deployments, deployment({ name }), 'doomed')
      await cluster.create(kinds.services, service(name), 'doomed')
    }
    await cluster.create(widgets, { metadata: { name: 'w' } }, 'doomed')
    for (const name of ['a', 'b', 'c']) await cluster.readyPod(`app=${name}`, 'doomed')
    await cluster.client.delete({ kind: kinds.namespaces, name: 'doomed' })
    await cluster.eventually('the namespace is gone', async () => !(await exists(kinds.namespaces, 'doomed')))
    expect(await cluster.pods('', 'doomed')).toEqual([])
    expect(await exists(widgets, 'w', 'doomed')).toBe(false)
  })

  it('goes although its pods never came to run', async () => {
    await cluster.create(kinds.namespaces, { metadata: { name: 'stuck' } })
    const broken: Record<string, Parameters<typeof deployment>[0]> = {
      image: { name: 'image', container: { image: 'nginx' } },
      mount: { name: 'mount', pod: { volumes: [{ name: 'v', secret: { secretName: 'absent' } }] } },
      crash: { name: 'crash', container: { env: [{ name: 'MODE', value: 'crash' }] } },
      selector: { name: 'selector', pod: { nodeSelector: { a: 'b' } } },
    }
    for (const options of Object.values(broken))
      await cluster.create(kinds.deployments, deployment(options), 'stuck')
    await cluster.eventually('a crash loop', async () =>
      (await cluster.pods('app=crash', 'stuck')).some(
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
      ),
    )
    await cluster.client.delete({ kind: kinds.namespaces, name: 'stuck' })
    await cluster.eventually('the namespace is gone', async () => !(await exists(kinds.namespaces, 'stuck')))
    expect(await cluster.pods('', 'stuck')).toEqual([])
  })

  it('says what it waits for while something holds it, and goes when that lets go', async () => {
    await cluster.create(kinds.namespaces, { metadata: { name: 'held' } })
    await cluster.create(kinds.configMaps, configMap('sticky', { finalizers: ['example.com/hold'] }), 'held')
    await cluster.client.delete({ kind: kinds.namespaces, name: 'held' })
    await cluster.eventually('a condition that names it', async () => {
      const { status } = await cluster.client.get<{ status?: { conditions?: { message?: string }[] } }>({
        kind: kinds.namespaces,
        name: 'held',
      })
      return status?.conditions?.some(({ message }) =>
        message?.includes('configmaps. has 1 resource instances'),
      )
    })
    await cluster.client.patch({
      kind: kinds.configMaps,
      namespace: 'held',
      name: 'sticky',
      body: { metadata: { finalizers: null } },
    })
    await cluster.eventually('the namespace is gone', async () => !(await exists(kinds.namespaces, 'held')))
  })
})
