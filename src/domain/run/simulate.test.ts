// The engine alone under a seeded schedule: random pipelines, failing and crashing agents, a planner that dies between
// deciding and acting, two planners at once, lost wake-ups. A journal in memory stands for the store. A failing seed
// is printed; `SEED=… npx vitest run src/domain/run/simulate.test.ts` replays it.

import { describe, expect, it } from 'vitest'
import { emptyRun, extendRun, foldRun, isFinished } from '../journal/fold.ts'
import type { RunState } from '../journal/fold.ts'
import { genesis, sealRecord, verifyChain } from '../journal/hash-chain.ts'
import { recordKey } from '../journal/record.ts'
import type { JournalRecord, RecordBody } from '../journal/record.ts'
import { storeText } from '../journal/stored-text.ts'
import { stopGraceMs } from './decide-end.ts'
import { planRun } from './plan.ts'
import { isRequiredCall } from './required-calls.ts'
import type { RunSnapshot, StepPlan } from './snapshot.ts'
import type { Task } from './task.ts'
import { run, start } from './testing/journal-of.ts'

/** mulberry32: small, and the same everywhere. */
const randomFrom = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Work {
  readonly task: Task
  fence: number
  ended: boolean
  cancelled?: string
  leased: boolean
}

class World {
  readonly random: () => number
  readonly journal: JournalRecord[] = []
  readonly work = new Map<string, Work>()
  readonly snapshot: RunSnapshot
  readonly phases: string[] = []
  now = start
  cancel = false
  readonly #keys = new Set<string>()
  // Two planners with views of their own, each possibly behind.
  readonly #views: RunState[] = [emptyRun, emptyRun]

  constructor(seed: number) {
    this.random = randomFrom(seed)
    this.snapshot = this.#randomSnapshot()
    this.append({ type: 'run.started', snapshot: this.snapshot, snapshotHash: 'h' })
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)]
  }

  /** As the store does it: the first record of a key wins. */
  append(...bodies: readonly RecordBody[]): void {
    for (const body of bodies) {
      const key = recordKey(body)
      if (this.#keys.has(key)) continue
      this.#keys.add(key)
      const previous = this.journal.at(-1)?.hash ?? genesis
      const at = new Date(this.now).toISOString()
      this.journal.push(sealRecord({ body, run: run.uid, seq: this.journal.length + 1, at, previous }))
      const { phase } = foldRun(this.journal)
      if (this.phases.at(-1) !== phase) this.phases.push(phase)
    }
  }

  plan(): void {
    const planner = this.chance(0.8) ? 0 : 1
    const fresh = this.journal.reduce(extendRun, this.#views[planner] ?? emptyRun)
    this.#views[planner] = fresh
    // The other may act on what it saw before, as a paused leader does.
    const state = this.chance(0.1) ? foldRun(this.journal.slice(0, -1)) : fresh
    const actions = planRun({
      run,
      state,
      now: this.now,
      retries: () => 2,
      random: this.random,
      contents: () => undefined,
      salt: 'salt of the simulation',
      cancel: this.cancel,
    })
    for (const action of actions) {
      if (this.chance(0.1)) return
      switch (action.type) {
        case 'submit':
          if (this.work.has(action.task.id)) break
          this.work.set(action.task.id, { task: action.task, fence: 0, ended: false, leased: false })
          this.append(...action.records)
          break
        case 'record':
          this.append(...action.records)
          break
        case 'finish':
          this.append(action.record)
          break
        case 'cancel':
          for (const work of this.work.values()) {
            if (work.ended) continue
            work.cancelled = action.reason
            if (!work.leased)
              this.#end(work, { type: 'task.cancelled', ...this.#at(work), reason: action.reason })
          }
          break
        case 'wait':
          break
      }
    }
  }

  /** One thing that some agent does, or does again after dying. */
  agent(): void {
    const open = [...this.work.values()].filter(
      ({ ended, task }) => !ended && (task.notBefore === undefined || Date.parse(task.notBefore) <= this.now),
    )
    const work = this.pick(open)
    if (work === undefined) return
    if (!work.leased || this.chance(0.1)) {
      work.leased = true
      work.fence += 1
      this.append({ type: 'task.leased', ...this.#at(work), fence: work.fence, holder: `pod-${work.fence}` })
      return
    }
    if (work.cancelled !== undefined) {
      this.#end(work, { type: 'task.cancelled', ...this.#at(work), reason: work.cancelled })
      return
    }
    const { step, attempt } = work.task
    const turn =
      1 + this.journal.filter((record) => record.type === 'tool.intended' && record.step === step).length
    const call = { step, attempt, turn, call: 0, server: 'slack', tool: 'post' }
    const usage = { inputTokens: 10 }
    const luck = this.random()
    if (luck < 0.4) {
      this.append({
        type: 'tool.intended',
        ...call,
        arguments: {},
        effect: 'write',
        idempotencyKey: `${turn}`,
      })
      this.append({
        type: 'tool.returned',
        ...call,
        isError: this.chance(0.3),
        content: storeText('ok'),
        durationMs: 1,
      })
    } else if (luck < 0.6) {
      const retryable = this.chance(0.7)
      const code = this.chance(0.1) ? 'OutcomeUnknown' : 'ModelServerError'
      this.#end(work, {
        type: 'task.failed',
        ...this.#at(work),
        code,
        message: 'm',
        retryable: retryable && code !== 'OutcomeUnknown',
        usage,
      })
    } else {
      const output = storeText(this.chance(0.5) ? 'yes' : 'no')
      this.#end(work, { type: 'task.completed', ...this.#at(work), output, usage, turns: 1, toolCalls: 1 })
    }
  }

  #at({ task }: Work): { readonly step: string; readonly attempt: number; readonly task: string } {
    return { step: task.step, attempt: task.attempt, task: task.id }
  }

  #end(work: Work, body: RecordBody): void {
    work.ended = true
    this.append(body)
  }

  #randomSnapshot(): RunSnapshot {
    const count = 1 + Math.floor(this.random() * 8)
    const steps = Array.from({ length: count }, (_, index): StepPlan => {
      const dependsOn = Array.from({ length: index }, (_unused, before) => `s${before}`).filter(() =>
        this.chance(0.35),
      )
      const [first] = dependsOn
      const read = first === undefined ? '{{ .input.alert }}' : `{{ .steps.${first}.output }}`
      const broken = this.chance(0.03) && first !== undefined ? `{{ .steps.${first}.data.x }}` : read
      return {
        name: `s${index}`,
        role: `s${index}`,
        agent: 'agent',
        inputs: [{ name: 'x', template: broken }],
        dependsOn,
        ...(this.chance(0.3) ? { if: read } : {}),
        mustCall: this.chance(0.2) ? ['slack/*'] : [],
        maxOutputBytes: 1000,
      }
    })
    return {
      kind: 'team',
      namespace: run.namespace,
      source: 'team',
      steps,
      input: { alert: 'yes' },
      timeoutSeconds: 30 + Math.floor(this.random() * 120),
      ...(this.chance(0.2) ? { maxTokens: 30 } : {}),
    }
  }
}

const lookEveryMs = 1000

const simulate = (seed: number): World => {
  const world = new World(seed)
  // In some worlds the agents are hardly ever there.
  const pace = world.chance(0.2) ? 0.03 : 0.5
  for (let turn = 0; turn < 2000 && !isFinished(foldRun(world.journal)); turn += 1) {
    world.now += Math.floor(world.random() * lookEveryMs)
    if (world.chance(0.003)) world.cancel = true
    // Agents may be gone for a while, and wake-ups may be lost; nothing but the clock is certain.
    if (world.chance(pace)) world.agent()
    if (world.chance(0.6)) world.plan()
  }
  return world
}

const brokenInvariants = ({ journal, snapshot, phases }: World): readonly string[] => {
  const broken: string[] = []
  const check = (holds: boolean, name: string): void => void (holds || broken.push(name))
  const state = foldRun(journal)
  const positionOf = (test: (record: JournalRecord) => boolean): number => journal.findIndex(test)

  for (const step of snapshot.steps) {
    const own = journal.filter((record) => 'step' in record && record.step === step.name)
    const completions = own.filter(({ type }) => type === 'task.completed')
    check(completions.length <= 1, `D2 ${step.name} completed ${completions.length} times`)
    const completion = completions[0]
    if (completion !== undefined) {
      const later = own.filter(
        ({ seq, type }) => seq > completion.seq && /^(?:llm|tool|task)\.|submitted/.test(type),
      )
      check(
        later.length === 0,
        `D3 ${step.name} worked after it had completed: ${later.map(({ type }) => type).join()}`,
      )
    }
    const begun = positionOf((record) => record.type === 'step.submitted' && record.step === step.name)
    for (const before of begun < 0 ? [] : step.dependsOn) {
      const done = positionOf(
        (record) =>
          (record.type === 'task.completed' || record.type === 'step.skipped') && record.step === before,
      )
      check(done >= 0 && done < begun, `D9 ${step.name} began before ${before} was done`)
    }
    const attempts = own.filter(({ type }) => type === 'step.submitted').length
    check(attempts <= 3, `retries: ${step.name} had ${attempts} attempts`)
    const writes = own.filter((record) => record.type === 'tool.returned' && !record.isError)
    const last = own.findLast(({ type }) => type === 'step.submitted')
    check(
      writes.every(
        (record) =>
          'attempt' in record && last !== undefined && 'attempt' in last && record.attempt === last.attempt,
      ),
      `D5 ${step.name} was tried again after it had written`,
    )
  }

  const deadline = start + (snapshot.timeoutSeconds ?? 0) * 1000
  check(isFinished(state), 'D7 the run did not end')
  check(Date.parse(state.finishedAt ?? '') <= deadline + stopGraceMs + 10_000, 'D7 P6 the run ended too late')
  check(
    /^Pending,Running,(?:Succeeded|Failed|Cancelled)$/.test(['Pending', ...phases].join()),
    `D8 phases ${phases.join()}`,
  )
  if (state.phase === 'Succeeded') {
    state.steps.forEach((step, index) => {
      check(step.phase === 'Succeeded' || step.phase === 'Skipped', `D10 ${step.name} is ${step.phase}`)
      const demands = step.phase === 'Skipped' ? [] : (snapshot.steps[index]?.mustCall ?? [])
      check(
        demands.every((pattern) => isRequiredCall(pattern, step.tools)),
        `D10 ${step.name} did not call what it must`,
      )
    })
  }
  const replayed = foldRun(JSON.parse(JSON.stringify(journal)) as readonly JournalRecord[])
  check(JSON.stringify(replayed) === JSON.stringify(state), 'D11 a replay gives another state')
  check(verifyChain(journal).type === 'intact', 'A1 the chain is broken')
  return broken
}

const fixed = process.env['SEED']
const seeds = fixed === undefined ? Array.from({ length: 200 }, (_, index) => index + 1) : [Number(fixed)]

describe('the run engine under a random schedule', () => {
  it('D2 D3 D5 D7 D8 D9 D10 D11 hold for 200 seeds, and every kind of end is met', () => {
    const ends = new Set<string>()
    const failures: string[] = []
    for (const seed of seeds) {
      const world = simulate(seed)
      ends.add(foldRun(world.journal).reason ?? '')
      const broken = brokenInvariants(world)
      if (broken.length > 0) failures.push(`SEED=${seed}: ${broken.join('; ')}`)
    }
    expect(failures).toEqual([])
    if (fixed !== undefined) return
    for (const reason of [
      'Succeeded',
      'StepFailed',
      'TimedOut',
      'RunTokensExhausted',
      'OutcomeUnknown',
      'Cancelled',
    ]) {
      expect(ends).toContain(reason)
    }
  })
})
