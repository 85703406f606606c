// S4, F97: secrets that real processes hold are repeated to them by everything they talk to, in every form, and end up
// nowhere: not in the store, not in an object, not in a log, not on the screen. The one place left out of the search is
// where Kubernetes itself keeps them: the Secret objects in local-kube's storage.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { canariesIn, filesIn, objectsWithoutSecrets, recital, type Canary } from './support/canary.ts'
import { startIndiscreetServer, type IndiscreetServer, type ModelReply } from './support/indiscreet-server.ts'
import { startDevProcess, swarm, type DevProcess } from './support/swarm.ts'

const namespace = 'aviary'
const objectsFile = join('kube', 'objects.sqlite')
const kinds = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}`

// Characters that JSON, URLs and regular expressions treat as their own, and one beyond ASCII where a header allows it.
const valueOf = (name: string): string =>
  `cnry-${name}"7\\K+a/b=c?d&e f(${Math.random().toString(36).slice(2)})`
const canaryOf = (name: string): Canary => ({ name, value: valueOf(name) })
const environment = canaryOf('environment')
const secret = { name: 'Secret', value: `${valueOf('Secret')}ñ` }
const bearer = canaryOf('bearer')
const header = canaryOf('header')
const hook = { name: 'hook', value: 'cnryHookPathT0KEN0123456789' }
const hookHeader = canaryOf('hookHeader')
const signing = {
  name: 'signing',
  value: `whsec_${Buffer.from('cnry-signing-secret-of-32-bytes!').toString('base64')}`,
}
const shared = { name: 'shared', value: 'cnryShared.T0KEN-of_a~sender+/=' }
const canaries: readonly Canary[] = [environment, secret, bearer, header, hook, hookHeader, signing, shared]
/** What an agent's process holds; a receiver of notifications knows its own. */
const ofAgent: readonly Canary[] = [environment, secret, bearer, header]
const ofHook: readonly Canary[] = [hook, hookHeader, signing]

const secretOf = (name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
})
const kubeswarm = (kind: string, name: string, spec: object) => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind,
  metadata: { name, namespace },
  spec,
})
const reference = (name: string, key: string) => ({ name, key })

const manifests = (port: number): readonly object[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  // A Service in front of a server of this test.
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'indiscreet', namespace },
    spec: { ports: [{ name: 'http', port: 80 }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'indiscreet', namespace, labels: { 'kubernetes.io/service-name': 'indiscreet' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', port }],
  },
  secretOf('kubeswarm-api-keys', { DATABASE_PASSWORD: secret.value }),
  secretOf('tools', { token: bearer.value, extra: header.value }),
  secretOf('hook', {
    url: `http://indiscreet.${namespace}.svc/hook/${hook.value}`,
    header: hookHeader.value,
    signing: signing.value,
  }),
  secretOf('sender', { secret: shared.value }),
  kubeswarm('SwarmAgent', 'canary', {
    model: 'any',
    prompt: { inline: 'Sing.' },
    guardrails: { limits: { tokensPerCall: 200_000, timeoutSeconds: 60 } },
    tools: {
      mcp: [
        {
          name: 'cage',
          url: `http://indiscreet.${namespace}.svc/mcp`,
          auth: { bearer: { secretKeyRef: reference('tools', 'token') } },
          headers: [{ name: 'x-extra', secretKeyRef: reference('tools', 'extra') }],
        },
      ],
    },
  }),
  kubeswarm('SwarmNotify', 'post', {
    rateLimitSeconds: 0,
    channels: [
      {
        type: 'webhook',
        webhook: {
          urlFrom: reference('hook', 'url'),
          headers: [{ name: 'x-hook', valueFrom: reference('hook', 'header') }],
          signingSecretFrom: reference('hook', 'signing'),
        },
      },
    ],
  }),
  kubeswarm('SwarmTeam', 'choir', {
    notifyRef: { name: 'post' },
    roles: [{ name: 'singer', swarmAgent: 'canary' }],
    pipeline: [{ role: 'singer', inputs: { prompt: '{{ .input.song }}' } }],
  }),
  kubeswarm('SwarmEvent', 'feeding', {
    source: { type: 'webhook', webhook: { signature: { scheme: 'bearer', secretRef: { name: 'sender' } } } },
    targets: [{ team: 'choir', input: { song: '{{ .trigger.body.song }}' } }],
  }),
]

const song = recital(ofAgent)
const call = (name: string, args: unknown) => ({
  name: `cage__${name}`,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
})
/** The turns of a song: everything that can go wrong on the way to its end. */
const turns: readonly ModelReply[] = [
  { text: `marker-of-turns\n${song}`, calls: [call('recite', {})] },
  { text: '', calls: [call('fail', {})] },
  { text: '', calls: [call('collapse', {})] },
  // Refused by the gate: a secret in the arguments, arguments that cannot be read, a tool that does not exist.
  { text: '', calls: [call('recite', { note: song })] },
  { text: '', calls: [call('recite', `{"note": "marker-of-arguments ${secret.value}`)] },
  // Where an excerpt of the arguments is cut, a secret is not cut in two.
  { text: '', calls: [call('recite', `{"${'x'.repeat(2030)}${secret.value}`)] },
  { text: '', calls: [{ name: `sing_${bearer.value}`, arguments: '{}' }] },
  { text: `marker-of-answers\n${song}` },
]

describe('canaries in what processes hold', () => {
  const work = mkdtempSync(join(tmpdir(), 'canaries-'))
  const state = join(work, 'state')
  const directory = join(work, 'manifests')
  const screens: string[] = []
  let server: IndiscreetServer
  let dev: DevProcess
  let api: Api

  const command = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await swarm([...args, '-n', namespace], {
      environment: { KUBECONFIG: dev.kubeconfig },
    })
    screens.push(`swarm ${args[0] ?? ''}\n${stdout}\n${stderr}`)
    return { exitCode, stdout, stderr }
  }
  const sing = (name: string, what: string) => command('run', 'choir', '-i', `song=${what}`, '--name', name)

  beforeAll(async () => {
    server = await startIndiscreetServer({
      toTell: (path) => recital(path.startsWith('/hook/') ? ofHook : ofAgent),
      reply: ({ user, turn }) =>
        user.includes('song-that-fails')
          ? { status: 400, text: `marker-of-refusals\n${song}` }
          : (turns[turn - 1] ?? { text: 'too long' }),
    })
    mkdirSync(directory)
    manifests(server.port).forEach((manifest, index) =>
      writeFileSync(join(directory, `${index}.yaml`), JSON.stringify(manifest)),
    )
    dev = await startDevProcess({
      args: ['--state', state, '--log-level', 'debug', directory],
      environment: {
        OPENAI_BASE_URL: `http://127.0.0.1:${server.port}/v1`,
        OPENAI_API_KEY: environment.value,
      },
    })
    api = apiOf(dev.kubeconfig)
  })
  afterAll(async () => {
    await dev?.stop()
    await server?.close()
    rmSync(work, { recursive: true, force: true })
  })

  test('they are sung in every form, and every way to the end of a run is taken', async () => {
    const sung = await sing('sung', 'song-that-ends')
    expect(sung.exitCode, sung.stderr).toBe(0)
    expect((await sing('broken-off', 'song-that-fails')).exitCode).toBe(1)

    const url = (
      await api.until<{ status?: { webhookURL?: string } }>(
        `${kinds}/swarmevents/feeding`,
        ({ status }) => status?.webhookURL !== undefined,
      )
    ).status?.webhookURL as string
    const deliver = async (token: string, query = '') => {
      const { status } = await fetch(`${url}${query}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ song: 'song-that-fails' }),
      })
      return status
    }
    const query = `?token=${encodeURIComponent(shared.value)}`
    expect(await deliver(shared.value, query)).toBe(202)
    expect(await deliver(`${shared.value}x`, query)).toBe(401)

    // The receiver of notifications got its secrets, refused, and said them all.
    await api.until<{ status?: { deadCount?: number } }>(
      `${kinds}/swarmnotifies/post`,
      ({ status }) => (status?.deadCount ?? 0) >= 2,
    )
    for (const canary of [bearer, header, environment, hook, hookHeader])
      expect(
        server.heard.some(
          ({ path, headers }) =>
            path.includes(canary.value) ||
            Object.values(headers).some((text) => text?.includes(canary.value)),
        ),
        `${canary.name} was used`,
      ).toBe(true)
  })

  test('the screen of no command shows one', async () => {
    for (const args of [
      ['logs', 'run/sung', '-o', 'json'],
      ['logs', 'run/broken-off'],
      ['audit', '-o', 'json'],
      ['trace', 'sung'],
      ['describe', 'run/sung'],
      ['describe', 'agent/canary'],
      ['explain', 'canary'],
      ['notify', 'test', 'post', '--send'],
      ['get', 'runs', '-o', 'yaml'],
      ['get', 'notifies', '-o', 'yaml'],
    ])
      await command(...args)
    const metrics = await fetch(`${dev.hubUrl}/metrics`)
    screens.push(`metrics\n${await metrics.text()}`)
    // The witness that these are the right screens.
    expect(screens.join('\n')).toContain('marker-of-answers')
    for (const screen of screens) expect(canariesIn(screen, canaries), screen.slice(0, 200)).toEqual([])
  })

  test('nothing that is kept, and nothing that was logged, holds one', async () => {
    const whileItRan = filesIn(state).filter(
      ({ path }) => path.startsWith('kubeswarm.db') || path.includes('/logs/'),
    )
    expect(whileItRan.map(({ path }) => path)).toContain('kubeswarm.db-wal')
    expect(await dev.stop()).toBe(0)
    const { secrets, others } = objectsWithoutSecrets(join(state, objectsFile))
    // What is left out is where they are, and only that.
    for (const { name, value } of canaries.filter((canary) => canary !== environment && canary !== hook))
      expect(secrets, name).toContain(Buffer.from(value).toString('base64'))
    const places = [
      ...whileItRan.map(({ path, text }) => ({ path: `${path} while it ran`, text })),
      ...filesIn(state).filter(({ path }) => !path.startsWith(objectsFile)),
      { path: objectsFile, text: others },
      { path: 'standard error', text: Buffer.from(dev.complaints()).toString('latin1') },
    ]
    // The search sees what was said beside them.
    for (const marker of [
      'turns',
      'results',
      'errors',
      'protocol',
      'arguments',
      'refusals',
      'answers',
      'hooks',
    ])
      expect(
        places.some(({ text }) => text.includes(`marker-of-${marker}`)),
        marker,
      ).toBe(true)
    const asBytes = canaries.map(({ name, value }) => ({
      name,
      value: Buffer.from(value).toString('latin1'),
    }))
    const found = places.flatMap(({ path, text }) =>
      [...canariesIn(text, canaries), ...canariesIn(text, asBytes)].map((canary) => `${canary} in ${path}`),
    )
    expect([...new Set(found)]).toEqual([])
    // Nor the beginning of one, where a text was cut.
    const halves = places.flatMap(({ path, text }) =>
      canaries.flatMap(({ name, value }) =>
        text.includes(value.slice(0, 12)) ? [`${name} in ${path}`] : [],
      ),
    )
    expect(halves).toEqual([])
  })
})
