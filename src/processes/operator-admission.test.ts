// Several operators of one installation: whichever of them the API server asks, it trusts who answers.

import { connect } from 'node:tls'
import { afterEach, expect, test, vi } from 'vitest'
import { createMemoryResources } from '../adapters/kubernetes/testing/memory-resources.ts'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { KubernetesObject } from '../api/resource.ts'
import { sharedAuthority } from '../operator/admission/authority.ts'
import { openAdmission } from '../operator/admission/open-admission.ts'
import { secrets, validatingWebhooks, type Secret } from '../operator/builtin-kinds.ts'
import type { Clock } from '../ports/clock.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import type { Resources } from '../ports/resources.ts'
import { closeAll, open, start } from './operator.fixtures.ts'
import { systemClock } from './system-clock.ts'
import { silentLogger } from '../ports/silent-logger.ts'

afterEach(closeAll)

const namespace = 'kubeswarm-system'
const dayMs = 24 * 3_600_000
interface Registration extends KubernetesObject {
  readonly webhooks?: readonly {
    readonly clientConfig: { readonly url?: string; readonly caBundle: string }
  }[]
}
const registrationIn = async (resources: Resources) => {
  const found = await resources.get<Registration>(validatingWebhooks, { name: 'kubeswarm-admission' })
  const { url, caBundle = '' } = found?.webhooks?.[0]?.clientConfig ?? {}
  return { url, trusted: Buffer.from(caBundle, 'base64').toString() }
}

const replica = async (resources: Resources, clock: Clock = systemClock) => {
  const admission = await openAdmission({
    resources,
    namespace,
    judge: () => Promise.reject(new Error('nobody asks')),
    settings: {
      host: '127.0.0.1',
      port: 0,
      service: { namespace, name: 'hook', path: '/validate', port: 443 },
    },
    clock,
    logger: silentLogger,
  })
  open.push(() => admission.close())
  return admission
}

/** When the certificate that the server shows begins; undefined where these authorities do not vouch for it. */
const shownTo = (trusted: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca: trusted, servername: 'hook.kubeswarm-system.svc' })
    socket.once('error', () => resolve(undefined))
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().valid_from)
      socket.destroy()
    })
  })

test('replicas behind one Service register the same, and each is trusted whoever registered last', async () => {
  const resources = createMemoryResources()
  const replicas = await Promise.all([replica(resources), replica(resources)])
  const registrations: string[] = []
  for (const { register } of replicas) {
    await register()
    const { trusted } = await registrationIn(resources)
    registrations.push(trusted)
    for (const { port } of replicas) expect(await shownTo(trusted, port)).toBeDefined()
  }
  expect(registrations[0]).toBe(registrations[1])
})

test('an authority whose time is nearly over is followed by another, and its servers stay trusted', async () => {
  const resources = createMemoryResources()
  const old = await sharedAuthority({ resources, namespace, now: Date.now() - 3500 * dayMs })
  const before = await replica(resources, createManualClock({ start: Date.now() - 300 * dayMs }))
  const [after] = await Promise.all([replica(resources), replica(resources)])
  await after.register()
  const { trusted } = await registrationIn(resources)
  expect(trusted).toContain(old.certificate)
  expect(trusted.match(/BEGIN/g)).toHaveLength(2)
  for (const { port } of [before, after]) expect(await shownTo(trusted, port)).toBeDefined()
})

test('an authority that cannot be read is made anew', async () => {
  const resources = createMemoryResources()
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'kubeswarm-admission-authority' },
    data: { 'tls.crt': '', 'tls.key': '' },
  }
  await resources.create(secrets, secret)
  const first = await sharedAuthority({ resources, namespace, now: Date.now() })
  expect(await sharedAuthority({ resources, namespace, now: Date.now() })).toEqual(first)
})

test('a server that runs for long shows a new certificate in time', async () => {
  const resources = createMemoryResources()
  const clock = createManualClock({ start: Date.now() - 200 * dayMs })
  const { port, register } = await replica(resources, clock)
  await register()
  const { trusted } = await registrationIn(resources)
  const first = await shownTo(trusted, port)
  clock.advance(100 * dayMs)
  expect(await shownTo(trusted, port)).toBe(first)
  clock.advance(100 * dayMs)
  const later = await shownTo(trusted, port)
  expect(later).toBeDefined()
  expect(later).not.toBe(first)
})

test('where each operator has an address of its own, the API server asks the leader', async () => {
  const resources = createMemoryResources()
  const store = openSqliteStore({ path: ':memory:', clock: systemClock })
  open.push(() => store.close())
  const operator = (identity: string) =>
    start(
      { resources, store },
      {
        admission: { host: '127.0.0.1', port: 0, url: `https://${identity}.example.com/validate` },
        leaderElection: { identity, onLost: () => undefined },
      },
    )
  const urlOf = async () => (await registrationIn(resources)).url
  const first = await operator('one')
  await vi.waitFor(async () => expect(await urlOf()).toBe('https://one.example.com/validate'))
  await operator('two')
  expect(await urlOf()).toBe('https://one.example.com/validate')
  await first.close()
  await vi.waitFor(async () => expect(await urlOf()).toBe('https://two.example.com/validate'), {
    timeout: 30_000,
  })
})
