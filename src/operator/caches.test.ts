import { expect, test } from 'vitest'
import type { KubernetesObject } from '../api/resource.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import type { Resources, ResourceType } from '../ports/resources.ts'
import { openCaches } from './caches.ts'
import { silentLogger } from '../ports/silent-logger.ts'

/** One object of each kind, as an API server sends it. */
const resources = {
  list: async ({ kind }: ResourceType) => ({
    items: [
      {
        apiVersion: 'v1',
        kind,
        metadata: {
          namespace: 'n',
          name: 'x',
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":"c2VjcmV0"}' },
          managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
        },
        spec: { source: {}, prompt: { inline: 'Work.' } },
        data: { key: 'c2VjcmV0' },
      },
    ],
    resourceVersion: '1',
  }),
  watch: (_: ResourceType, { signal }: { readonly signal: AbortSignal }) => ({
    async *[Symbol.asyncIterator]() {
      yield { type: 'BOOKMARK', resourceVersion: '2' }
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  }),
} as unknown as Resources

test('C5 what is watched is kept without who wrote which field, and of Secrets and ConfigMaps nothing but metadata', async () => {
  const caches = openCaches({
    resources,
    clock: createManualClock(),
    random: Math.random,
    logger: silentLogger,
  })
  caches.start()
  await caches.synced
  const kept = (
    [
      'agents',
      'teams',
      'runs',
      'policies',
      'events',
      'settings',
      'notifies',
      'deployments',
      'serviceAccounts',
      'networkPolicies',
      'secrets',
      'configMaps',
    ] as const
  ).map((kind) => caches[kind].get({ namespace: 'n', name: 'x' }) as KubernetesObject)
  for (const object of kept) expect(JSON.stringify(object)).not.toContain('managedFields')
  for (const object of kept.slice(-2)) expect(JSON.stringify(object)).not.toContain('c2VjcmV0')
  await caches.close()
})
