import { expect, test } from 'vitest'
import { controlPlaneConfigFrom } from './control-plane-config.ts'

const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }

test('in a pod nothing needs to be said: the cluster is its own, the hub listens on all interfaces', () => {
  expect(controlPlaneConfigFrom(pod)).toMatchObject({
    cluster: { inCluster: { host: '10.96.0.1', port: '443' } },
    host: '0.0.0.0',
    hubPort: 8092,
    namespace: 'kubeswarm-system',
    admissionPort: 9443,
  })
})

test.each([
  ['KUBESWARM_HUB_PORT', 'many'],
  ['KUBESWARM_LEASE_SECONDS', '1.5'],
  ['KUBESWARM_ADMISSION_SERVICE', 'without-namespace'],
  ['KUBESWARM_NOTIFY_ALLOW', 'https://chat.internal'],
  ['KUBECONFIG', '/nowhere/kubeconfig'],
])('%s=%s is refused by name', (variable, value) => {
  expect(() => controlPlaneConfigFrom({ ...pod, [variable]: value })).toThrow(
    expect.objectContaining({ code: 'InvalidInput', message: expect.stringContaining(variable) }),
  )
})

test('addresses of the own network are opened to notifications one by one', () => {
  const KUBESWARM_NOTIFY_ALLOW = 'chat.example.com:443, [fd12::1]:8065'
  expect(controlPlaneConfigFrom({ ...pod, KUBESWARM_NOTIFY_ALLOW })).toMatchObject({
    notifyAllow: ['chat.example.com:443', '[fd12::1]:8065'],
  })
})

test('outside of a cluster it says what is missing', () => {
  expect(() => controlPlaneConfigFrom({})).toThrow(expect.objectContaining({ code: 'KubernetesApi' }))
})
