// The real thing in pieces: local-kube and the scripted model here, operators and hubs as processes that are started
// again when they end, agents and mocks as pods. The witnesses are the ledgers of the mocks and of the model.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { createServer, connect, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalKube, type LocalKube } from 'local-kube'
import { parse } from 'yaml'
import {
  connectKubernetes,
  type KubernetesConnection,
} from '../../src/adapters/kubernetes/connect-kubernetes.ts'
import {
  startScriptedModel,
  type ScriptedModel,
} from '../../src/adapters/scripted-model/start-scripted-model.ts'
import type { SwarmRun } from '../../src/api/v1alpha1/index.ts'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import type { CrashPlan } from '../../src/processes/crash-points/crash-plan.ts'
import { applyManifest, inApplyOrder } from '../../src/processes/dev/apply-manifests.ts'
import { publishEndpoints } from '../../src/processes/dev/publish-endpoints.ts'
import { readManifests } from '../../src/processes/dev/read-directory.ts'
import { imageRepository } from '../../src/processes/version.ts'
import { apiOf, type Api } from '../scenarios/support/api.ts'
import { freePort } from '../scenarios/support/free-port.ts'
import { copyStory, ledgerOf, namespace, runPath, type StoryCopy } from '../scenarios/support/story.ts'
import { checkout, cleanEnvironment } from '../scenarios/support/swarm.ts'

const entry = join(checkout, 'bin/swarm.js')
const agentNames = ['investigator', 'diagnostician', 'notifier'] as const

export interface BenchOptions {
  /** PostgreSQL; without it a file, and operator and hub are one process. */
  readonly databaseUrl?: string
  readonly operators?: number
  readonly hubs?: number
  /** Pods of investigator, diagnostician and notifier. */
  readonly agents?: readonly [number, number, number]
  readonly leaseSeconds?: number
  readonly modelLatencyMs?: number
  /** What operators and hubs may keep on the heap; one that needs more dies. */
  readonly heapMegabytes?: number
  readonly edit?: (story: StoryCopy) => void
}

/** A question to the model: which step's rule answered it, and how many turns it showed. */
export interface ModelTurn {
  readonly rule: string
  readonly turn: number
}

/** A question that the model has not answered, and does not answer while it is silent. */
export interface HeldQuestion {
  /** Resolves when the asker hangs up. */
  readonly left: Promise<void>
}

export class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'chaos-'))
  readonly modelTurns: ModelTurn[] = []
  readonly #options: BenchOptions
  readonly #members = new Map<string, Member>()
  readonly #endings: (() => Promise<unknown> | void)[] = []
  #kube: LocalKube | undefined
  #connection: KubernetesConnection | undefined
  #api: Api | undefined
  #model: ScriptedModel | undefined
  #token = ''
  #hubUrl = ''
  #triggerUrl = ''
  #deliveries = 0
  #failures = 0
  #silent = false
  #held: { readonly question: HeldQuestion; readonly answer: () => void }[] = []
  #asked = Promise.withResolvers<HeldQuestion>()

  constructor(options: BenchOptions) {
    this.#options = options
  }

  get api(): Api {
    return required(this.#api)
  }
  get kubeconfig(): string {
    return join(this.directory, 'kubeconfig')
  }
  get hubUrl(): string {
    return this.#hubUrl
  }
  get kube(): LocalKube {
    return required(this.#kube)
  }
  get #planPath(): string {
    return join(this.directory, 'crash-plan')
  }

  async start(): Promise<void> {
    const {
      operators = 1,
      hubs = 1,
      databaseUrl,
      leaseSeconds = 10,
      modelLatencyMs,
      heapMegabytes,
      edit,
    } = this.#options
    mkdirSync(join(this.directory, 'logs'))
    mkdirSync(join(this.directory, 'state'))
    this.#model = await startScriptedModel({
      script: 'responder',
      host: '127.0.0.1',
      port: 0,
      ...(modelLatencyMs === undefined ? {} : { latencyMs: modelLatencyMs }),
      log: (line) => {
        const [, turn, rule] = /^turn (\d+) for .*: rule ([^,]+),/.exec(line) ?? []
        if (turn !== undefined && rule !== undefined) this.modelTurns.push({ rule, turn: Number(turn) })
      },
    })
    this.#endings.push(() => this.#model?.close())
    const modelUrl = await this.#gateOf(this.#model.url)
    this.#kube = await startLocalKube({
      port: 0,
      nodeAgent: {
        images: [{ match: imageRepository, command: [process.execPath, entry] }],
        stateDirectory: join(this.directory, 'node'),
        extraEnv: { KUBESWARM_CRASH_PLAN: this.#planPath },
        longestShutdownMilliseconds: 1000,
        restartBackoff: { first: 100, longest: 100, forgivenAfter: 0 },
      },
    })
    this.#endings.push(() => this.#kube?.close())
    const { kubeconfig } = this
    writeFileSync(kubeconfig, this.#kube.kubeconfig(), { mode: 0o600 })
    this.#api = apiOf(kubeconfig)
    this.#connection = await connectKubernetes({ kubeconfig: this.#kube.kubeconfig() })
    this.#endings.push(() => this.#connection?.close())

    const ports = await Promise.all(Array.from({ length: hubs }, freePort))
    this.#hubUrl = await this.#balance(ports)
    const common = {
      KUBECONFIG: kubeconfig,
      KUBESWARM_HUB_URL: this.#hubUrl,
      KUBESWARM_MODEL_BASE_URL: modelUrl,
      KUBESWARM_LEASE_SECONDS: String(leaseSeconds),
      KUBESWARM_ADMISSION_PORT: 'off',
      KUBESWARM_CRASH_PLAN: this.#planPath,
      LOG_LEVEL: 'info',
      ...(heapMegabytes === undefined ? {} : { NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}` }),
      ...(databaseUrl === undefined
        ? { KUBESWARM_STATE_DIRECTORY: join(this.directory, 'state') }
        : { KUBESWARM_DATABASE_URL: databaseUrl }),
    }
    if (databaseUrl === undefined)
      this.#run('control-plane', ['control-plane'], { ...common, KUBESWARM_HUB_PORT: String(ports[0]) })
    else {
      ports.forEach((port, index) =>
        this.#run(`hub-${index}`, ['hub'], { ...common, KUBESWARM_HUB_PORT: String(port) }),
      )
      for (let index = 0; index < operators; index += 1)
        this.#run(`operator-${index}`, ['operator'], { ...common, POD_NAME: `operator-${index}` })
    }
    await this.#until('the kinds are defined', async () => {
      const { status } = await this.api.send('GET', '/apis/kubeswarm.io/v1alpha1')
      return status === 200
    })
    await publishEndpoints({
      resources: this.#connection,
      hubUrl: this.#hubUrl,
      webhookBaseUrl: this.#hubUrl,
    })
    await this.#applyStory(edit)
  }

  /** The next so many questions to the model are answered with 500. */
  failModel(times: number): void {
    this.#failures = times
  }

  /** From now on the model takes questions and answers none. Resolves with the first that comes. */
  silenceModel(): Promise<HeldQuestion> {
    this.#silent = true
    this.#asked = Promise.withResolvers<HeldQuestion>()
    return this.#asked.promise
  }
  /** The model answers again, and first what it still owes. */
  wakeModel(): void {
    this.#silent = false
    for (const { answer } of this.#held.splice(0)) answer()
  }

  /** Names of the processes of operators and hubs. */
  get members(): readonly string[] {
    return [...this.#members.keys()]
  }

  /** `kill -9`; the process is started again. Resolves with the moment. */
  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#members.get(name)?.child?.kill(signal)
  }

  pidOf(name: string): number | undefined {
    return this.#members.get(name)?.child?.pid
  }

  /** Main processes of the agents' pods, or of the one pod. */
  agentPids(pod = ''): readonly number[] {
    return this.pidsOf(/swarm\.js agent$/, pod)
  }

  /** Processes of this bench whose command line is like that and whose environment names `text`. */
  pidsOf(command: RegExp, text = ''): readonly number[] {
    const listed = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8', maxBuffer: 64 << 20 })
    return listed.split('\n').flatMap((line) => {
      const [, pid, args = ''] = /^\s*(\d+) (.*)$/.exec(line) ?? []
      if (pid === undefined || !command.test(args)) return []
      const environment = environmentOf(Number(pid))
      return [this.directory, text].every((part) => environment.includes(part)) ? [Number(pid)] : []
    })
  }

  /** The next process that comes to this place dies there. */
  plan(plan: CrashPlan): void {
    rmSync(`${this.#planPath}.struck`, { force: true })
    writeFileSync(`${this.#planPath}.new`, JSON.stringify(plan))
    // In one step, so that nobody reads half a plan.
    execFileSync('mv', [`${this.#planPath}.new`, this.#planPath])
  }
  get struck(): boolean {
    return existsSync(`${this.#planPath}.struck`)
  }
  withdrawPlan(): void {
    rmSync(this.#planPath, { force: true })
  }

  /** Delivers an alert until it is accepted, as a sender does; resolves to the run's name. */
  async fire(): Promise<string> {
    const delivery = `delivery-${(this.#deliveries += 1)}`
    for (;;) {
      try {
        const response = await fetch(this.#triggerUrl, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${this.#token}`,
            'content-type': 'application/json',
            'x-webhook-id': delivery,
          },
          body: JSON.stringify({
            incident: {
              title: 'P-48291 High error rate on payments-api',
              description: 'Severity: High\nService: payments-api',
            },
          }),
          signal: AbortSignal.timeout(10_000),
        })
        if (response.status === 202) return ((await response.json()) as { run: string }).run
        await response.text()
      } catch {
        // Refused or reset: its hub is just being started again.
      }
      await pause(200)
    }
  }

  async ended(run: string, { withinMs = 90_000 } = {}): Promise<SwarmRun> {
    const over = (object: SwarmRun): boolean =>
      ['Succeeded', 'Failed', 'Cancelled'].includes(object.status?.phase ?? '')
    const late = pause(withinMs).then(async () => {
      const { text } = await this.api.send('GET', runPath(run))
      throw new Error(`${run} has not ended after ${withinMs} ms: ${text}`)
    })
    late.catch(() => undefined)
    return Promise.race([this.api.until<SwarmRun>(runPath(run), over), late])
  }

  async journal(run: string): Promise<readonly JournalRecord[]> {
    const { users } = parse(this.kube.kubeconfig()) as {
      users: readonly { user: { token: string } }[]
    }
    const url = `${this.#hubUrl}/v1/namespaces/${namespace}/runs/${run}/journal`
    for (;;) {
      try {
        const response = await fetch(url, {
          headers: { authorization: `Bearer ${users[0]?.user.token ?? ''}` },
          signal: AbortSignal.timeout(10_000),
        })
        const text = await response.text()
        if (response.ok)
          return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalRecord]))
      } catch {
        // As above.
      }
      await pause(200)
    }
  }

  /** Messages posted so far. */
  async posts(): Promise<number> {
    const calls = await ledgerOf({ api: this.api, server: 'slack' })
    return calls.filter(({ tool }) => tool === 'post_message').length
  }

  async runs(): Promise<readonly SwarmRun[]> {
    const { items } = await this.api.ok<{ items: readonly SwarmRun[] }>('GET', runPath('').slice(0, -1))
    return items
  }

  /** Every object of the cluster with its version, but for leases and nodes, which say no more than "I am here". */
  async writes(): Promise<readonly string[]> {
    const groups = await this.api.ok<{
      groups: readonly { preferredVersion: { groupVersion: string } }[]
    }>('GET', '/apis')
    const roots = [
      '/api/v1',
      ...groups.groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`),
    ]
    const versions: string[] = []
    for (const root of roots) {
      const { resources } = await this.api.ok<{
        resources: readonly { name: string; verbs: readonly string[] }[]
      }>('GET', root)
      for (const { name, verbs } of resources) {
        if (!verbs.includes('list') || name.includes('/') || ['leases', 'nodes'].includes(name)) continue
        const { items } = await this.api.ok<{
          items: readonly { metadata: { namespace?: string; name: string; resourceVersion: string } }[]
        }>('GET', `${root}/${name}`)
        for (const { metadata } of items)
          versions.push(`${name} ${metadata.namespace ?? ''}/${metadata.name} ${metadata.resourceVersion}`)
      }
    }
    return versions
  }

  async close(): Promise<void> {
    for (const member of this.#members.values()) {
      member.closing = true
      member.child?.kill('SIGKILL')
    }
    for (const end of this.#endings.splice(0).toReversed()) await end()
    if (process.env['KEEP'] === undefined) rmSync(this.directory, { recursive: true, force: true })
  }

  async #applyStory(edit: BenchOptions['edit']): Promise<void> {
    const { agents = [1, 1, 1] } = this.#options
    const story = copyStory()
    try {
      story.drop('incident-policy.yaml')
      story.edit('investigator-agent.yaml', [
        '        - "grafana/*"',
        '        - "grafana/*"\n      effects:\n        - { tool: "pagerduty/get_incident", effect: ReadOnly }\n        - { tool: "grafana/*", effect: ReadOnly }',
      ])
      story.edit('notifier-agent.yaml', [
        '        - "pagerduty/acknowledge_incident"',
        '        - "pagerduty/acknowledge_incident"\n      effects:\n        - { tool: "slack/post_message", effect: Write }\n        - { tool: "pagerduty/acknowledge_incident", effect: Idempotent }',
      ])
      agentNames.forEach((agent, index) =>
        story.edit(`${agent}-agent.yaml`, [
          '  model: qwen2.5:7b',
          `  model: qwen2.5:7b\n  runtime: { replicas: ${agents[index]} }`,
        ]),
      )
      edit?.(story)
      const connection = required(this.#connection)
      const { objects } = await readManifests(story.directory)
      for (const object of inApplyOrder(objects.map(({ object }) => object)).filter(
        ({ kind }) => kind !== 'SwarmRun',
      ))
        await applyManifest({ transport: connection.transport, object })
    } finally {
      story.remove()
    }
    const event = await this.api.until<{ status?: { webhookURL?: string } }>(
      `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmevents/incident-alert`,
      ({ status }) => status?.webhookURL !== undefined,
    )
    this.#triggerUrl = event.status?.webhookURL ?? ''
    const secret = await this.api.ok<{ data: { token: string } }>(
      'GET',
      `/api/v1/namespaces/${namespace}/secrets/incident-alert-webhook-token`,
    )
    this.#token = Buffer.from(secret.data.token, 'base64').toString('utf8')
    for (const [index, agent] of agentNames.entries())
      await this.api.until<{ status?: { readyReplicas?: number } }>(
        `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmagents/incident-${agent}`,
        ({ status }) => (status?.readyReplicas ?? 0) >= (agents[index] ?? 1),
      )
  }

  #run(name: string, args: readonly string[], environment: Readonly<Record<string, string>>): void {
    const log = createWriteStream(join(this.directory, 'logs', `${name}.log`))
    const member: Member = { child: undefined, closing: false }
    this.#members.set(name, member)
    const start = (): void => {
      if (member.closing) return
      const child = spawn(process.execPath, [entry, ...args], {
        cwd: checkout,
        env: cleanEnvironment(environment),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      member.child = child
      child.stdout.pipe(log, { end: false })
      child.stderr.pipe(log, { end: false })
      // One start that fails is followed by the next, like one that ends.
      child.once('error', () => undefined)
      child.once('close', () => void setTimeout(start, 100))
    }
    start()
  }

  /** The model behind a gate that can be told to answer 500. */
  async #gateOf(model: string): Promise<string> {
    const server = createHttpServer((incoming, outgoing) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        if (incoming.method === 'POST' && this.#failures > 0) {
          this.#failures -= 1
          outgoing.writeHead(500, { 'content-type': 'application/json' })
          return void outgoing.end('{"error":{"message":"simulated"}}')
        }
        const answer = (): void => {
          if (outgoing.destroyed) return
          const forwarded = httpRequest(
            new URL(incoming.url ?? '/', model),
            { method: incoming.method ?? 'GET', headers: incoming.headers },
            (answered) => {
              outgoing.writeHead(answered.statusCode ?? 502, answered.headers)
              answered.pipe(outgoing)
            },
          )
          forwarded.on('error', () => outgoing.destroy())
          outgoing.on('close', () => forwarded.destroy())
          forwarded.end(Buffer.concat(chunks))
        }
        if (!this.#silent || incoming.method !== 'POST') return answer()
        const question = { left: new Promise<void>((left) => void outgoing.once('close', left)) }
        this.#held.push({ question, answer })
        this.#asked.resolve(question)
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    this.#endings.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  }

  /** One address for all hubs: each connection goes to one that takes it, as a Service would. */
  async #balance(ports: readonly number[]): Promise<string> {
    let next = 0
    const server: Server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      const tryFrom = (tries: number): void => {
        const port = ports[next++ % ports.length]
        if (port === undefined || tries >= ports.length) return void socket.destroy()
        const upstream = connect(port, '127.0.0.1')
        let open = false
        upstream.once('connect', () => {
          open = true
          socket.pipe(upstream).pipe(socket)
          socket.once('close', () => upstream.destroy())
        })
        upstream.on('error', () => (open ? socket.destroy() : tryFrom(tries + 1)))
        upstream.on('close', () => open && socket.destroy())
      }
      tryFrom(0)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    this.#endings.push(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async #until(what: string, is: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      if (await is()) return
      await pause(100)
    }
    throw new Error(`in vain waited until ${what}; see ${this.directory}/logs`)
  }
}

interface Member {
  child: ChildProcess | undefined
  closing: boolean
}

export const pause = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms).unref())

const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the bench has not been started')
  return value
}

/** Empty for a process that has just ended. */
const environmentOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return ''
  }
}
