// PagerDuty fires the team: a signed delivery plays the whole story, its repetition does not, and strangers learn
// nothing. The commands of docs/triggers.md are run as they stand there.

import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { commandsIn } from './support/documented-commands.ts'
import { findKubectls } from './support/kubectl.ts'
import { example, ledgerOf, namespace, runPath } from './support/story.ts'
import {
  checkout,
  cleanEnvironment,
  finished,
  startDevProcess,
  swarm,
  type DevProcess,
} from './support/swarm.ts'

const page = 'docs/triggers.md'
const directory = mkdtempSync(join(tmpdir(), 'pagerduty-'))
const args = ['--state', join(directory, 'state'), '--script', 'responder']
let dev: DevProcess
let api: Api

interface Event {
  readonly status?: {
    readonly webhookURL?: string
    readonly firedCount?: number
    readonly drops?: readonly { readonly reason: string; readonly count: number }[]
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message: string
    }[]
  }
}
interface Run {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly input: Readonly<Record<string, string>> }
  readonly status?: { readonly phase?: string }
}
interface Reply {
  readonly run: string
  readonly duplicate: boolean
  readonly dropped?: { readonly reason: string; readonly message: string }
}

const eventPath = (name = 'incident-pagerduty') =>
  `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmevents/${name}`
const start = async (more: readonly string[] = []): Promise<void> => {
  dev = await startDevProcess({ args: [...args, ...more] })
  api = apiOf(dev.kubeconfig)
}
const ready = () =>
  api.until<Event>(
    eventPath(),
    ({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true &&
      status.webhookURL?.startsWith(dev.hubUrl) === true,
  )
const secretOf = async (): Promise<string> => {
  const secret = await api.ok<{ data: { token: string } }>(
    'GET',
    `/api/v1/namespaces/${namespace}/secrets/incident-pagerduty-webhook-token`,
  )
  return Buffer.from(secret.data.token, 'base64').toString('utf8')
}
const sample = async (name = 'pagerduty-triggered'): Promise<string> =>
  (await swarm(['event', 'samples', name])).stdout
const urlOf = (name = 'incident-pagerduty') => `${dev.hubUrl}/triggers/${namespace}/${name}/fire`
const signed = (body: string, secret: string) =>
  `v1=${createHmac('sha256', secret).update(body).digest('hex')}`
const send = ({
  body,
  signature,
  url = urlOf(),
  query = '',
}: {
  readonly body: string
  readonly signature?: string
  readonly url?: string
  readonly query?: string
}) =>
  fetch(url + query, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-pagerduty-signature': signature }),
    },
  })
const replyOf = async (response: Promise<Response>): Promise<Reply> =>
  (await (await response).json()) as Reply
const runsNow = async () =>
  (await api.ok<{ items: readonly Run[] }>('GET', runPath('').slice(0, -1))).items.map(
    ({ metadata }) => metadata.name,
  )
const ended = (name: string) =>
  api.until<Run>(runPath(name), ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed')

beforeAll(async () => {
  await start([example])
  await ready()
})
afterAll(async () => {
  await dev?.stop()
  rmSync(directory, { recursive: true, force: true })
})

test('F81 a signed incident.triggered plays the whole story; 50 at once and again after a kill it is the same run', async () => {
  const body = await sample()
  const secret = await secretOf()
  // As PagerDuty's own documentation shows it: openssl over the bytes of the file, curl.
  const curl = await finished(
    spawn(
      'bash',
      [
        '-euo',
        'pipefail',
        '-c',
        `SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
         printf %s "$BODY" | curl -sS --data-binary @- -H "X-PagerDuty-Signature: v1=$SIGNATURE" -H 'Content-Type: application/json' "$URL"`,
      ],
      { env: { ...process.env, BODY: body, SECRET: secret, URL: urlOf() }, stdio: 'pipe' },
    ),
  )
  expect(curl.exitCode, curl.stderr).toBe(0)
  const { run, duplicate } = JSON.parse(curl.stdout) as Reply
  expect([run, duplicate]).toEqual([expect.stringMatching(/^incident-pagerduty-[0-9a-f]{15}$/), false])
  const story = await ended(run)
  expect(story.status?.phase).toBe('Succeeded')
  expect(story.spec.input).toMatchObject({
    incidentId: 'P-48291',
    alert: expect.stringContaining('P-48291: High error rate on payments-api') as string,
  })
  const posts = async () =>
    (await ledgerOf({ api, server: 'slack' })).filter(({ tool }) => tool === 'post_message').length
  expect(await posts()).toBe(1)
  expect((await ledgerOf({ api, server: 'pagerduty' })).at(-1)).toMatchObject({
    tool: 'acknowledge_incident',
    arguments: { incident_id: 'P-48291' },
  })

  const signature = signed(body, secret)
  const again = await Promise.all(Array.from({ length: 50 }, () => replyOf(send({ body, signature }))))
  expect(new Set(again.map((reply) => `${reply.run} ${reply.duplicate}`))).toEqual(new Set([`${run} true`]))

  const fresh = await sample()
  const parallel = await Promise.all(
    Array.from({ length: 50 }, () => replyOf(send({ body: fresh, signature: signed(fresh, secret) }))),
  )
  const second = parallel[0]?.run ?? ''
  expect(new Set(parallel.map((reply) => reply.run))).toEqual(new Set([second]))
  expect(parallel.filter((reply) => !reply.duplicate)).toHaveLength(1)

  await dev.stop('SIGKILL')
  await start()
  await ready()
  for (const [old, name] of [
    [body, run],
    [fresh, second],
  ] as const)
    expect(await replyOf(send({ body: old, signature: signed(old, secret) }))).toMatchObject({
      run: name,
      duplicate: true,
    })
  expect((await ended(second)).status?.phase).toBe('Succeeded')
  expect((await runsNow()).toSorted()).toEqual([run, second].toSorted())
  await api.until<Event>(
    eventPath(),
    ({ status }) =>
      status?.firedCount === 2 &&
      status.drops?.some(({ reason, count }) => reason === 'Duplicate' && count === 101) === true,
  )
})

test('F84 S10 a wrong, an old and a missing signature get what an event that does not exist gets, byte for byte', async () => {
  const body = await sample()
  const old = await secretOf()
  const { exitCode, stdout } = await swarm([
    'event',
    'rotate-token',
    'incident-pagerduty',
    '--keep-old',
    '0',
    '-n',
    namespace,
    '--kubeconfig',
    dev.kubeconfig,
  ])
  expect([exitCode, stdout.split('\n')[0]]).toEqual([
    0,
    `SwarmEvent ${namespace}/incident-pagerduty has a new token; the old one is accepted no longer`,
  ])
  const secret = await secretOf()
  expect(secret).not.toBe(old)
  const before = await runsNow()
  const shown = async (response: Promise<Response>) => {
    const { status, headers, body: stream } = await response
    const told = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
    return JSON.stringify([status, told, await new Response(stream).text()])
  }
  // The operator hears of a changed Secret by a watch.
  for (;;) if ((await send({ body, signature: signed(body, old) })).status === 401) break
  const answers = await Promise.all([
    shown(send({ body, signature: signed(body, old) })),
    shown(send({ body, signature: signed(body, 'x'.repeat(64)) })),
    shown(send({ body, signature: signed(`${body} `, secret) })),
    shown(send({ body, signature: signed(body, secret).replace('v1=', 'sha1=') })),
    shown(send({ body })),
    shown(send({ body, signature: signed(body, secret), url: urlOf('no-such-event') })),
    shown(send({ body, url: urlOf('no-such-event') })),
  ])
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toMatch(/^\[401,/)
  expect(await runsNow()).toEqual(before)
})

test('F83 a signed body that cannot be read is answered 202, kept, and shown', async () => {
  const body = '{"event": {"id": "01BROKEN"'
  const reply = await replyOf(send({ body, signature: signed(body, await secretOf()) }))
  expect(reply).toMatchObject({ run: '', dropped: { reason: 'Quarantined' } })
  const { status } = await api.until<Event>(
    eventPath(),
    ({ status: now }) => now?.drops?.some(({ reason }) => reason === 'Quarantined') === true,
  )
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'DeliveriesUnderstood', status: 'False' }),
  )
  const told = await swarm([
    'event',
    'deliveries',
    'incident-pagerduty',
    '-o',
    'json',
    '-n',
    namespace,
    '--kubeconfig',
    dev.kubeconfig,
  ])
  expect(JSON.parse(told.stdout)).toContainEqual(
    expect.objectContaining({ dropped: expect.objectContaining({ reason: 'Quarantined', body }) as unknown }),
  )
})

test('W20 mode=sse tells the steps and ends by itself', async () => {
  const body = await sample()
  const response = await send({ body, signature: signed(body, await secretOf()), query: '?mode=sse' })
  const text = await response.text()
  const names = [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)
  expect(names.filter((name) => name !== 'token')).toEqual([
    'run.accepted',
    ...['investigator', 'diagnostician', 'notifier'].flatMap(() => ['step.started', 'step.completed']),
    'flow.completed',
  ])
  expect(names).toContain('token')
})

test('swarm trigger fires an event with a file and follows the run to its end', async () => {
  const file = join(directory, 'alert.json')
  writeFileSync(
    file,
    JSON.stringify({ incident: { title: 'P-48291 High error rate', description: '12.3% 5xx responses' } }),
  )
  const command = ['trigger', 'incident-alert', '-n', namespace, '--kubeconfig', dev.kubeconfig]
  const fired = await swarm([...command, '--file', file])
  expect(fired.exitCode, fired.stderr).toBe(0)
  expect(fired.stderr).toMatch(/^SwarmRun incident-response\/incident-alert-[0-9a-f]{15}$/m)
  expect(fired.stdout).toContain('P-48291')
  // The template needs what an empty body does not have: the hub's own words come back.
  const empty = await swarm(command)
  expect([empty.exitCode, empty.stderr]).toEqual([
    2,
    expect.stringContaining('.trigger.body.incident is not in the data') as string,
  ])
})

const kubectl = findKubectls().at(-1)
if (kubectl === undefined) console.log(`skipped: the commands of ${page} that need kubectl; none in PATH`)

test('the commands of the page print what it says', async () => {
  const commands = commandsIn(page)
  const script = [
    'swarm() { node "$CHECKOUT/bin/swarm.js" "$@"; }',
    ...commands
      .filter((command) => kubectl !== undefined || /^swarm event (test|send|deliveries)/.test(command))
      .map(
        (command) =>
          `echo "\\$ ${command.slice(0, 60).replaceAll(/["$`]/g, '')}"; ${command} || echo "exit $?"`,
      ),
  ].join('\n')
  const { stdout, stderr, exitCode } = await finished(
    spawn('bash', ['-uo', 'pipefail', '-c', script], {
      cwd: directory,
      env: {
        ...cleanEnvironment(),
        KUBECONFIG: dev.kubeconfig,
        CHECKOUT: checkout,
        PATH: `${join(checkout, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      },
      stdio: 'pipe',
    }),
  )
  expect(exitCode, stderr).toBe(0)
  const [, printed = '', preset = '', sent = '', listed = '', ...rest] = stdout.split(/^\$ .*\n/m)
  expect(printed).toContain('.trigger.body.incident is not in the data')
  expect(printed).toContain('{{ .trigger.alert.title }} = "High error rate on payments-api"')
  expect(printed).toContain('exit 2')
  expect(preset).toContain('starts     a run of SwarmTeam incident-responder')
  expect(preset).toContain('a sender that has the secret is believed')
  expect(JSON.parse(sent)).toMatchObject({ accepted: true, duplicate: false })
  expect(listed).toMatch(/P-48291 +Started/)
  if (kubectl !== undefined) expect(JSON.parse(rest.at(-1) ?? '')).toMatchObject({ accepted: true })
})
