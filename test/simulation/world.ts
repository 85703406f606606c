// A simulated world: the real run and inbox controllers, hub, queue, journal and agents, on a clock, a network, a model
// and tools that obey one seed. It starts, breaks, mends and restarts processes, and keeps what the witnesses saw.

import { openSqliteStore } from '../../src/adapters/sql/sqlite.ts'
import { createMemoryResources } from '../../src/adapters/kubernetes/testing/memory-resources.ts'
import type { SwarmPolicy, SwarmRun } from '../../src/api/v1alpha1/index.ts'
import { swarmAgents, swarmRuns, swarmTeams } from '../../src/api/v1alpha1/index.ts'
import { effectivePolicy } from '../../src/domain/guardrail/merge-policies.ts'
import { foldRun } from '../../src/domain/journal/fold.ts'
import type { JournalRecord } from '../../src/domain/journal/record.ts'
import { resolveCalls } from '../../src/domain/run/resolve-calls.ts'
import { createAgentTasks, type AgentTasks } from '../../src/hub/agent-tasks.ts'
import type { Store } from '../../src/ports/store.ts'
import { Faults } from './faults.ts'
import { faithful, type Mutant } from './mutants.ts'
import type { ModelLedgerEntry, ToolLedgerEntry } from './ledger.ts'
import { SimulatedProcess, type ProcessKind } from './process.ts'
import { createRandom, type Random } from './random.ts'
import {
  apiVersion,
  drawScenario,
  namespace,
  server,
  type Plan,
  type Scenario,
  type SimulatedTool,
} from './scenario.ts'
import { Scheduler } from './scheduler.ts'
import { startSimulatedAgent } from './simulated-agent.ts'
import { startSimulatedOperator } from './simulated-operator.ts'
import { linkedStore } from './store-link.ts'

export const leaseMs = 10_000
const start = Date.parse('2026-04-23T02:45:00.000Z')
/** Longer than any wait, backoff or lease that faults can have left behind, and the work of a run on top. */
const timeToMendMs = 400_000
/** What is still under way when the last run has ended comes to its end too. */
const aftermathMs = 30_000

export interface SimulatedHub {
  readonly process: SimulatedProcess
  readonly store: Store
  readonly tasks: AgentTasks
}

export class World {
  readonly seed: number
  readonly random: Random
  readonly faults: Faults
  readonly scheduler: Scheduler
  readonly scenario: Scenario
  readonly store: Store
  readonly resources = createMemoryResources()
  readonly mutant: Mutant
  readonly trace: ((line: string) => void) | undefined

  readonly toolLedger: ToolLedgerEntry[] = []
  readonly modelLedger: ModelLedgerEntry[] = []
  /** Run uid → its journal as far as it is durable. */
  readonly journals = new Map<string, JournalRecord[]>()
  /** Run name → phases of its status, in the order in which they were told. */
  readonly phases = new Map<string, string[]>()
  /** Deliveries answered with success. */
  readonly accepted = new Set<string>()
  /** `run uid/key` → fence of the owner that wrote the record. */
  readonly writers = new Map<string, number>()
  faultsEndAt = 0
  /** Since when a policy forbids `post`. */
  postsForbiddenAt = Infinity
  /** The last moment at which no operator lived. */
  withoutOperatorAt = 0
  errors: string[] = []

  #policies: readonly SwarmPolicy[] = []
  readonly #living = new Set<SimulatedProcess>()
  readonly #hubs = new Set<SimulatedHub>()
  readonly #drains = new Map<SimulatedProcess, (graceMs: number) => Promise<void>>()
  #generation = 0

  constructor({
    seed,
    mutant = faithful,
    trace,
  }: {
    readonly seed: number
    readonly mutant?: Mutant
    readonly trace?: (line: string) => void
  }) {
    this.seed = seed
    this.mutant = mutant
    this.trace = trace
    this.random = createRandom(seed)
    this.faults = new Faults(this.random)
    this.scheduler = new Scheduler({ random: this.random, start })
    this.scenario = drawScenario(this.random)
    const clock = {
      now: () => this.scheduler.now,
      monotonic: () => this.scheduler.now - start,
      after: (ms: number, action: () => void) => this.scheduler.after(ms, action),
    }
    this.store = openSqliteStore({ path: ':memory:', clock })
  }

  /** Plays the world to its end. */
  async play(): Promise<void> {
    const { scheduler, random, faults } = this
    await this.#prepare()
    this.#startProcesses()
    this.#startRuns()
    this.#forbidPosts()
    this.#resolveLater()
    this.faultsEndAt = start + random.between(5000, random.chance(0.25) ? 200_000 : 90_000)
    await this.#until(this.faultsEndAt, () => false)
    faults.over = true
    for (const process of this.#living) process.pausedUntil = Math.min(process.pausedUntil, scheduler.now)
    this.say('faults end')
    await this.#until(this.faultsEndAt + timeToMendMs, () => this.isOver())
    await this.#until(scheduler.now + aftermathMs, () => false)
    await this.store.close()
  }

  say(line: string): void {
    this.trace?.(`${((this.scheduler.now - start) / 1000).toFixed(3).padStart(9)}  ${line}`)
  }

  /** Whether every run that was asked for has ended, in the journal and in its status. */
  isOver(): boolean {
    for (const [uid, records] of this.journals) {
      const end = records.findLast(({ type }) => type === 'run.finished' || type === 'run.reopened')
      if (end?.type !== 'run.finished') return false
      // A person will look into it.
      if (end.reason === 'OutcomeUnknown' && !this.#judged.has(uid)) return false
    }
    return this.scenario.runs.every(({ name }) => {
      const last = this.phases.get(name)?.at(-1)
      return this.deleted.has(name) || (last !== undefined && isTerminal(last))
    })
  }
  readonly deleted = new Set<string>()

  /** Whether a person has let the run go on. */
  wasReopened(uid: string): boolean {
    return this.#judged.has(uid)
  }

  planOf({ run, step }: { readonly run: string; readonly step: string }): Plan | undefined {
    const planned = this.scenario.runs.find(({ name }) => name === run)
    return this.scenario.plans.get(`${planned?.team}/${step}`)
  }

  /** Of the task's newest owner, as the journal tells. */
  newestFence(task: string): number | undefined {
    const records = this.journals.get(task.split('/')[0] ?? '') ?? []
    const lease = records.findLast((record) => record.type === 'task.leased' && record.task === task)
    return lease?.type === 'task.leased' ? lease.fence : undefined
  }

  anyHub(): SimulatedHub | undefined {
    const [first, ...rest] = [...this.#hubs].filter(({ process }) => process.alive)
    return first === undefined ? undefined : this.random.pick([first, ...rest])
  }

  /** Asks fate at a boundary; true when the process died there. */
  mayDie(process: SimulatedProcess): boolean {
    const { faults, random, scheduler } = this
    if (!process.alive) return true
    if (faults.strikes('powerCut')) {
      this.say('power cut')
      for (const each of this.#living) this.#kill(each)
      return true
    }
    const kind = kindNames[process.kind]
    if (faults.strikes(`crash${kind}`)) {
      this.#kill(process)
      return true
    }
    if (process.pausedUntil <= scheduler.now && faults.strikes(`pause${kind}`)) {
      const ms = random.between(500, 3.5 * leaseMs)
      process.pausedUntil = scheduler.now + ms
      this.say(`${process.name} is stopped for ${Math.round(ms)} ms`)
    }
    const drain = this.#drains.get(process)
    if (drain !== undefined && faults.strikes('drainAgent')) {
      this.#drains.delete(process)
      this.say(`${process.name} drains`)
      void drain(random.between(0, 5000)).then(() => this.#kill(process))
    }
    return false
  }

  toolCalled({
    process,
    tool,
    arguments: args,
    key,
  }: {
    readonly process: SimulatedProcess
    readonly tool: SimulatedTool
    readonly arguments: Readonly<Record<string, unknown>>
    readonly key: string
  }): void {
    const announced = [...this.journals.values()].some((records) =>
      records.some((record) => record.type === 'tool.intended' && record.idempotencyKey === key),
    )
    this.say(`tool ${tool} ${JSON.stringify(args)} by ${process.name}`)
    this.toolLedger.push({
      at: this.scheduler.now,
      process: process.name,
      tool,
      arguments: args,
      key,
      announced,
    })
  }

  modelAsked({
    process,
    run,
    step,
    turnsBefore,
    tokens,
  }: Pick<ModelLedgerEntry, 'run' | 'step' | 'turnsBefore' | 'tokens'> & {
    readonly process: SimulatedProcess
  }): void {
    const records =
      [...this.journals.values()].find(
        ([first]) => first?.type === 'run.started' && first.snapshot.input['id'] === run,
      ) ?? []
    const own = records.filter((record) => 'step' in record && record.step === step)
    const lease = own.findLast((record) => record.type === 'task.leased')
    const turnsAnswered = own.filter(
      (record) => record.type === 'llm.responded' && record.attempt === lease?.attempt,
    ).length
    this.say(`model asked for ${run}/${step} after ${turnsBefore} turns by ${process.name}`)
    this.modelLedger.push({
      at: this.scheduler.now,
      process: process.name,
      run,
      step,
      turnsBefore,
      tokens,
      turnsAnswered,
      owner: lease?.holder === process.name,
    })
  }

  told(run: string, phase: string | undefined): void {
    const told = this.phases.get(run) ?? []
    this.phases.set(run, told)
    if (phase === undefined || told.at(-1) === phase) return
    told.push(phase)
    this.say(`status of ${run}: ${phase}`)
  }

  wroteAs({
    fence,
    records,
  }: {
    readonly task: string
    readonly fence: number
    readonly records: readonly JournalRecord[]
  }): void {
    for (const { run, key } of records) {
      const name = `${run}/${key}`
      if (!this.writers.has(name)) this.writers.set(name, fence)
    }
  }

  async #prepare(): Promise<void> {
    const { agents, teams, namespaceDailyTokens } = this.scenario
    for (const agent of agents) await this.resources.create(swarmAgents, agent)
    for (const team of teams) await this.resources.create(swarmTeams, team)
    const policies: readonly SwarmPolicy[] =
      namespaceDailyTokens === undefined
        ? []
        : [
            {
              apiVersion,
              kind: 'SwarmPolicy',
              metadata: { namespace, name: 'policy' },
              spec: { limits: { maxDailyTokens: namespaceDailyTokens } },
            },
          ]
    for (const agent of agents) await this.store.policies.put(effectivePolicy({ agent, policies }))
    this.#policies = policies
    this.store.journal.subscribe((run) => {
      const records = this.journals.get(run.uid) ?? []
      this.journals.set(run.uid, records)
      void this.store.journal.read({ run: run.uid, after: records.length }).then((grown) => {
        for (const record of grown) {
          if (record.seq !== records.length + 1) continue
          records.push(record)
          this.say(`journal ${run.name} ${record.seq} ${record.key}`)
        }
      })
    })
  }

  #forbidPosts(): void {
    const { agents, forbidsPostsInMs } = this.scenario
    if (forbidsPostsInMs === undefined) return
    const policies: readonly SwarmPolicy[] = [
      ...this.#policies,
      {
        apiVersion,
        kind: 'SwarmPolicy',
        metadata: { namespace, name: 'no-posts' },
        spec: { tools: { deny: [`${server}/post`] } },
      },
    ]
    this.scheduler.after(forbidsPostsInMs, () => {
      const puts = agents.map((agent) => this.store.policies.put(effectivePolicy({ agent, policies })))
      void Promise.all(puts).then(() => {
        this.postsForbiddenAt = this.scheduler.now
        this.say('a policy forbids to post')
      })
    })
  }

  #startProcesses(): void {
    const { replicas, agents } = this.scenario
    for (let n = 0; n < replicas.hubs; n += 1) this.#spawn('hub', `hub-${n}`)
    for (let n = 0; n < replicas.operators; n += 1) this.#spawn('operator', `operator-${n}`)
    for (const { metadata } of agents)
      for (let n = 0; n < replicas.agents; n += 1) this.#spawn('agent', `${metadata.name}-${n}`)
  }

  #spawn(kind: ProcessKind, slot: string): void {
    const name = `${slot}.${(this.#generation += 1)}`
    const process = new SimulatedProcess({ kind, name, scheduler: this.scheduler, faults: this.faults })
    this.#living.add(process)
    this.say(`${name} starts`)
    process.onDeath(() => {
      this.say(`${name} dies`)
      this.#living.delete(process)
      this.#drains.delete(process)
      this.scheduler.after(this.random.between(200, 8000), () => this.#spawn(kind, slot))
    })
    const store = this.mutant.store({ store: linkedStore({ world: this, process }), world: this })
    switch (kind) {
      case 'hub': {
        const hub = { process, store, tasks: createAgentTasks({ store, clock: process.clock, leaseMs }) }
        this.#hubs.add(hub)
        process.onDeath(() => this.#hubs.delete(hub))
        return
      }
      case 'operator':
        startSimulatedOperator({ world: this, process, store }).catch((error: unknown) => {
          this.say(`${name} cannot start: ${String(error)}`)
          this.#kill(process)
        })
        return
      case 'agent': {
        const agent = { namespace, name: slot.slice(0, slot.lastIndexOf('-')) }
        const worker = startSimulatedAgent({ world: this, process, agent })
        this.#drains.set(process, (graceMs) => worker.drain(graceMs))
        return
      }
    }
  }

  #kill(process: SimulatedProcess): void {
    process.die()
    if (![...this.#living].some(({ kind }) => kind === 'operator'))
      this.withoutOperatorAt = this.scheduler.now
  }

  /** A person who has time: of some runs with an unknown outcome they look what happened, and say so. */
  #resolveLater(): void {
    this.scheduler.after(looksEveryMs, () => {
      this.#resolveLater()
      for (const [uid, records] of this.journals) {
        const state = foldRun(records)
        const { finishedAt } = state
        if (finishedAt === undefined || this.scheduler.now - Date.parse(finishedAt) < certainAfterMs) continue
        if (state.reason !== 'OutcomeUnknown' || this.#judged.has(uid)) continue
        this.#judged.add(uid)
        const name = state.snapshot?.input['id'] ?? ''
        if (this.deleted.has(name) || !this.random.chance(0.7)) continue
        for (const { name: step, unknownCalls, openCalls } of state.steps) {
          if (unknownCalls.length + openCalls.length === 0) continue
          const done = this.toolLedger.some(
            ({ tool, arguments: args }) =>
              tool === 'post' && this.#isUnknown({ records, step, what: String(args['what']) }),
          )
          const decision = resolveCalls({
            state,
            step,
            outcome: done ? 'done' : 'not-done',
            by: 'a person',
          })
          if (decision.type === 'refused') continue
          this.say(`a person resolves ${step} of ${name}: ${done ? 'done' : 'not done'}`)
          void this.store.journal.append({
            run: { namespace, name, uid },
            records: decision.records,
            contents: decision.contents,
          })
          break
        }
      }
    })
  }
  readonly #judged = new Set<string>()

  #isUnknown({
    records,
    step,
    what,
  }: {
    readonly records: readonly JournalRecord[]
    readonly step: string
    readonly what: string
  }): boolean {
    const intents = records.filter((record) => record.type === 'tool.intended' && record.step === step)
    const last = intents.at(-1)
    return (
      last?.type === 'tool.intended' && (last.arguments as { readonly what?: string } | null)?.what === what
    )
  }

  #startRuns(): void {
    for (const planned of this.scenario.runs) {
      const { name, startsInMs, delivered, cancelledInMs, deletedInMs } = planned
      this.scheduler.after(startsInMs, () => {
        this.say(`${name} is asked for${delivered ? ' by an event' : ''}`)
        if (delivered) void this.#deliver(name, manifestOf(planned))
        else void this.resources.create(swarmRuns, manifestOf(planned))
      })
      if (cancelledInMs !== undefined)
        this.scheduler.after(startsInMs + cancelledInMs, () => {
          this.say(`${name} is cancelled`)
          this.resources
            .patch(swarmRuns, { namespace, name }, { spec: { cancel: true } })
            .catch(() => undefined)
        })
      if (deletedInMs !== undefined && !delivered)
        this.scheduler.after(startsInMs + deletedInMs, () => {
          this.say(`${name} is deleted`)
          this.deleted.add(name)
          void this.resources.delete(swarmRuns, { namespace, name })
        })
    }
  }

  /** The sender of an event: delivers until it is answered, and sometimes once more. */
  async #deliver(name: string, manifest: SwarmRun): Promise<void> {
    const hub = this.anyHub()
    const again = (): void =>
      void this.scheduler.after(this.random.between(500, 5000), () => void this.#deliver(name, manifest))
    if (hub === undefined) return again()
    hub.process.onDeath(() => {
      if (!this.accepted.has(name)) again()
    })
    try {
      const receivedAt = new Date(this.scheduler.now).toISOString()
      const runs = [{ name, target: 0, manifest }]
      await hub.store.inbox.accept({
        delivery: name,
        namespace,
        event: 'alert',
        uid: 'alert-uid',
        receivedAt,
        runs,
      })
    } catch {
      return again()
    }
    this.accepted.add(name)
    if (this.faults.strikes('deliverTwice')) again()
  }

  async #until(end: number, isDone: () => boolean): Promise<void> {
    for (let steps = 0; ; steps += 1) {
      if (steps % 25 === 0 && isDone()) return
      if (!(await this.scheduler.step(end))) break
    }
    this.scheduler.now = Math.max(this.scheduler.now, end)
  }
}

const looksEveryMs = 5000
/** By then nothing of the run can still be on its way to a tool: no process is stopped for that long. */
const certainAfterMs = 60_000

const kindNames = { operator: 'Operator', hub: 'Hub', agent: 'Agent' } as const

const isTerminal = (phase: string): boolean => ['Succeeded', 'Failed', 'Cancelled'].includes(phase)

const manifestOf = ({ name, team }: { readonly name: string; readonly team: string }): SwarmRun => ({
  apiVersion,
  kind: 'SwarmRun',
  metadata: { namespace, name },
  spec: { teamRef: team, input: { id: name } },
})
