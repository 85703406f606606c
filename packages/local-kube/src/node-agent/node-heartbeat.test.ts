// What a node lifecycle controller reads of a node that lives.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Condition, KubeObject, Node } from '../client/kubernetes-types.ts'
import { startLocalKube } from '../local-kube.ts'
import { createKubeClient } from '../client/kube-client.ts'
import { isNotFound } from '../client/api-error.ts'
import { kinds, startCluster, type Cluster } from './cluster.fixture.ts'

interface Lease extends KubeObject {
  readonly spec: {
    readonly holderIdentity: string
    readonly leaseDurationSeconds: number
    readonly renewTime: string
  }
}

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ withNode: false })
})
afterAll(() => cluster.close())

const lease = (): Promise<Lease> =>
  cluster.client.get<Lease>({ kind: kinds.leases, namespace: 'kube-node-lease', name: 'local' })
const node = (): Promise<Node> => cluster.client.get<Node>({ kind: kinds.nodes, name: 'local' })
const readiness = async (): Promise<Condition | undefined> =>
  ((await node()).status?.['conditions'] as readonly Condition[] | undefined)?.find(
    ({ type }) => type === 'Ready',
  )

it("a node's Lease lasts 40 s like a kubelet's, is renewed before that, and goes with its Node", async () => {
  await cluster.startNode()
  const first = await cluster.eventually('a lease', lease)
  expect(first.spec).toMatchObject({ holderIdentity: 'local', leaseDurationSeconds: 40 })
  expect(first.spec.renewTime).toMatch(/\.\d{6}Z$/)
  expect(first.metadata.ownerReferences).toMatchObject([
    { kind: 'Node', name: 'local', uid: (await node()).metadata.uid },
  ])
  await cluster.node().close()

  await cluster.startNode({ leaseSeconds: 1 })
  const taken = await cluster.eventually('the lease of the next agent', async () => {
    const found = await lease()
    return found.spec.leaseDurationSeconds === 1 && found
  })
  await cluster.eventually('it is renewed', async () => (await lease()).spec.renewTime > taken.spec.renewTime)
})

it('a node that somebody calls not ready says that it is', async () => {
  const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'no news' }]
  await cluster.client.patch({
    kind: kinds.nodes,
    name: 'local',
    subresource: 'status',
    body: { status: { conditions } },
  })
  await cluster.eventually('ready again', async () => (await readiness())?.status === 'True')
  await cluster.node().close()
  expect(await readiness()).toMatchObject({ status: 'False', reason: 'NodeAgentStopped' })
})

it('the node of an embedded cluster, where nobody asks, renews nothing', async () => {
  const kube = await startLocalKube({ nodeAgent: { images: [] } })
  const client = createKubeClient({ kubeconfig: kube.kubeconfig() })
  try {
    const asked = client.get({ kind: kinds.leases, namespace: 'kube-node-lease', name: 'local' })
    await expect(asked).rejects.toSatisfy(isNotFound)
  } finally {
    await client.close()
    await kube.close()
  }
})
