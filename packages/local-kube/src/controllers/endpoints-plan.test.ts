import { describe, expect, it } from 'vitest'
import type { Pod, Service } from '../client/kubernetes-types.ts'
import { planEndpoints } from './endpoints-plan.ts'

const service: Service = {
  metadata: { name: 'web', namespace: 'n', uid: 's', resourceVersion: '1' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'main', port: 80, targetPort: 'http' }] },
}

const pod = (
  name: string,
  { ready = true, hostPorts = '', deleted = false, phase = 'Running' } = {},
): Pod => ({
  metadata: {
    name,
    namespace: 'n',
    uid: name,
    resourceVersion: '1',
    ...(hostPorts !== '' && { annotations: { 'local-kube.dev/host-ports': hostPorts } }),
    ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  spec: {
    nodeName: 'local',
    containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }],
  },
  status: { phase, podIP: '127.0.0.1', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

describe('endpoints', () => {
  it('name the real port of a named containerPort, one slice for each set of ports', () => {
    const plan = planEndpoints({
      service,
      pods: [pod('a', { hostPorts: '{"8080":4001}' }), pod('b', { hostPorts: '{"8080":4002}' })],
    })
    expect(plan.slices.map(({ ports }) => ports)).toEqual([
      [{ name: 'main', port: 4001, protocol: 'TCP' }],
      [{ name: 'main', port: 4002, protocol: 'TCP' }],
    ])
    expect(plan.subsets.map(({ ports }) => ports[0]?.port)).toEqual([4001, 4002])
  })

  it('take the containerPort itself for pods of other nodes, all in one slice', () => {
    const plan = planEndpoints({ service, pods: [pod('a'), pod('b')] })
    expect(plan.slices).toHaveLength(1)
    expect(plan.slices[0]?.ports[0]?.port).toBe(8080)
    expect(plan.slices[0]?.endpoints).toHaveLength(2)
  })

  it('count only pods that are ready and stay', () => {
    const pods = [pod('a', { ready: false }), pod('b', { deleted: true }), pod('c', { phase: 'Failed' })]
    const plan = planEndpoints({ service, pods })
    expect(plan.slices[0]?.endpoints.map(({ conditions }) => conditions?.ready)).toEqual([false, false])
    expect(plan.subsets[0]).not.toHaveProperty('addresses')
    expect(plan.subsets[0]?.notReadyAddresses).toHaveLength(1)
  })

  it('do not move when nothing did', () => {
    const pods = [pod('a'), pod('b')]
    expect(planEndpoints({ service, pods: pods.toReversed() })).toEqual(planEndpoints({ service, pods }))
  })
})
