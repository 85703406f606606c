// What must hold in every world, whatever broke in it. Each line that is returned names the invariant (ids of the fault
// catalogue) and what contradicts it.

import { matchesTool } from '../../src/domain/guardrail/glob.ts'
import { defaultLimits } from '../../src/domain/guardrail/default-limits.ts'
import { foldRun } from '../../src/domain/journal/fold.ts'
import { verifyChain } from '../../src/domain/journal/hash-chain.ts'
import type { JournalRecord, RecordBody } from '../../src/domain/journal/record.ts'
import { addUsage, totalTokens } from '../../src/domain/journal/usage.ts'
import { isTerminalPath } from './phase-path.ts'
import { server } from './scenario.ts'
import type { World } from './world.ts'

type Of<T extends RecordBody['type']> = Extract<JournalRecord, { readonly type: T }>

/** P6: a run ends within its deadline plus this. */
const graceMs = 30_000
/** An operator that was away, or could not write, is back at work and has looked at everything after this. */
const recoveryMs = 60_000

export const brokenInvariants = (world: World): readonly string[] => {
  const broken: string[] = []
  const check = (holds: boolean, what: string): void => void (holds || broken.push(what))
  for (const error of world.errors) check(false, `a process broke: ${error}`)
  check(
    world.isOver(),
    `liveness: not over ${Math.round((world.scheduler.now - world.faultsEndAt) / 1000)} s after the last fault: ${unfinished(world)}`,
  )

  for (const records of world.journals.values()) checkRun({ world, records, check })
  checkStarts(world, check)
  checkEffects(world, check)
  checkPolicy(world, check)
  checkSpend(world, check)
  return broken
}

type Check = (holds: boolean, what: string) => void

const unfinished = (world: World): string =>
  world.scenario.runs.map(({ name }) => `${name} ${world.phases.get(name)?.at(-1) ?? 'unknown'}`).join(', ')

const checkRun = ({
  world,
  records,
  check: checkAny,
}: {
  readonly world: World
  readonly records: readonly JournalRecord[]
  readonly check: Check
}): void => {
  const state = foldRun(records)
  const name = state.snapshot?.input['id'] ?? '?'
  const check: Check = (holds, what) => checkAny(holds, `${what} (${name})`)
  const at = ({ at: time }: JournalRecord): number => Date.parse(time)
  const of = <T extends RecordBody['type']>(type: T): readonly Of<T>[] =>
    records.filter((record): record is Of<T> => record.type === type)

  const chain = verifyChain(records)
  check(chain.type === 'intact', `A1 the chain is broken: ${JSON.stringify(chain)}`)
  records.forEach(({ seq }, index) => check(seq === index + 1, `A1 record ${index + 1} has number ${seq}`))
  const replayed = foldRun(JSON.parse(JSON.stringify(records)) as readonly JournalRecord[])
  check(JSON.stringify(replayed) === JSON.stringify(state), 'D11 a replay gives another state')

  for (const step of state.snapshot?.steps ?? []) {
    const own = records.filter((record) => 'step' in record && record.step === step.name)
    const completed = own.filter(({ type }) => type === 'task.completed')
    check(completed.length <= 1, `D2 ${step.name} completed ${completed.length} times`)
    const done = completed[0]
    if (done !== undefined) {
      const later = own.filter(
        ({ seq, type }) => seq > done.seq && /^(?:llm|tool|task)\.|submitted/.test(type),
      )
      check(
        later.length === 0,
        `D3 ${step.name} went on after it had completed: ${later.map(({ key }) => key).join(', ')}`,
      )
    }
    const begun = own.find(({ type }) => type === 'step.submitted')
    for (const before of begun === undefined ? [] : step.dependsOn) {
      const ready = records.find(
        (record) =>
          (record.type === 'task.completed' || record.type === 'step.skipped') && record.step === before,
      )
      check(
        ready !== undefined && begun !== undefined && ready.seq < begun.seq,
        `D9 ${step.name} began before ${before} was done`,
      )
    }
    for (const attempt of new Set(own.flatMap((record) => ('attempt' in record ? [record.attempt] : [])))) {
      const answered = own.filter((record) => record.type === 'llm.responded' && record.attempt === attempt)
      check(answered.length <= defaultLimits.turnsPerTask, `B3 ${step.name} took ${answered.length} turns`)
      const called = own.filter((record) => record.type === 'tool.intended' && record.attempt === attempt)
      check(called.length <= defaultLimits.callsPerTask, `B3 ${step.name} made ${called.length} calls`)
    }
    for (const record of own)
      if (record.type === 'task.completed')
        check(
          record.output.bytes <= step.maxOutputBytes,
          `B3 ${step.name} answered ${record.output.bytes} bytes`,
        )
  }

  const fates = new Map<string, number>()
  for (const record of records)
    if (isFate(record)) {
      const place = placeOf(record)
      fates.set(place, (fates.get(place) ?? 0) + 1)
    }
  const resolved = new Set(of('tool.resolved').map(placeOf))
  const openAtEnd = new Set(
    state.steps
      .filter(({ phase }) => phase === 'Cancelled')
      .flatMap(({ name: step, openCalls }) => openCalls.map(({ key }) => `${step}/${key}`)),
  )
  for (const intent of of('tool.intended')) {
    const found = fates.get(placeOf(intent)) ?? 0
    const told =
      found === 1 ||
      resolved.has(placeOf(intent)) ||
      (found === 0 && (openAtEnd.has(placeOf(intent)) || mayStayOpen(records, intent)))
    check(told, `D6 ${found} results of ${intent.key}`)
  }

  const finished = of('run.finished')[0]
  const { startedAt } = state
  const timeout = state.snapshot?.timeoutSeconds
  if (finished !== undefined && startedAt !== undefined && timeout !== undefined) {
    const deadline = Date.parse(startedAt) + timeout * 1000
    const trouble = world.faults.struck.size === 0 ? 0 : Math.max(world.withoutOperatorAt, world.faultsEndAt)
    const latest = deadline + graceMs
    const allowed = at(finished) <= latest || at(finished) <= trouble + recoveryMs + graceMs
    check(allowed, `D7 ended ${Math.round((at(finished) - deadline) / 1000)} s after its deadline`)
  }
  if (state.phase === 'Succeeded')
    state.steps.forEach((step, index) => {
      check(
        step.phase === 'Succeeded' || step.phase === 'Skipped',
        `D10 succeeded although ${step.name} is ${step.phase}`,
      )
      if (step.phase === 'Skipped') return
      for (const pattern of state.snapshot?.steps[index]?.mustCall ?? [])
        check(
          world.toolLedger.some(
            ({ tool, arguments: args }) =>
              matchesTool(pattern, { server, tool }) &&
              String(args['what']).startsWith(`${name}/${step.name}/`),
          ),
          `D10 succeeded although ${step.name} never called ${pattern}`,
        )
    })

  const sum = state.steps.reduce((total, { usage }) => addUsage(total, usage), {})
  check(totalTokens(sum) === totalTokens(state.usage), 'B2 the tokens of the steps are not those of the run')

  const fence = new Map<string, number>()
  for (const record of records) {
    if (record.type === 'task.leased') fence.set(`${record.step}/${record.attempt}`, record.fence)
    else if ('step' in record && 'attempt' in record) {
      const writer = world.writers.get(`${record.run}/${record.key}`)
      const newest = fence.get(`${record.step}/${record.attempt}`)
      check(
        writer === undefined || newest === undefined || writer >= newest,
        `F05 ${record.key} was written under fence ${writer} after fence ${newest} was given`,
      )
    }
  }
}

const isFate = (
  record: JournalRecord,
): record is Of<'tool.returned' | 'tool.denied' | 'tool.outcome-unknown'> =>
  record.type === 'tool.returned' || record.type === 'tool.denied' || record.type === 'tool.outcome-unknown'

const placeOf = ({
  step,
  attempt,
  turn,
  call,
}: {
  readonly step: string
  readonly attempt: number
  readonly turn: number
  readonly call: number
}): string => `${step}/${attempt}/${turn}/${call}`

/** A call that changes nothing, or nothing twice: its attempt may end otherwise before anybody repeats it. */
const mayStayOpen = (records: readonly JournalRecord[], intent: Of<'tool.intended'>): boolean =>
  intent.effect !== 'write' &&
  records.some(
    (record) =>
      (record.type === 'task.failed' || record.type === 'task.cancelled') &&
      record.step === intent.step &&
      record.attempt === intent.attempt,
  )

const reopenedOf = (world: World, run: string): number =>
  [...world.journals.values()]
    .filter(([first]) => first?.type === 'run.started' && first.snapshot.input['id'] === run)
    .flatMap((records) => records.filter(({ type }) => type === 'run.reopened')).length

const checkStarts = (world: World, check: Check): void => {
  const created = world.resources.writes.filter((write) => write.startsWith('create swarmruns/'))
  for (const { name } of world.scenario.runs) {
    const times = created.filter((write) => write === `create swarmruns/${name}`).length
    check(times <= 1, `D1 ${name} was created ${times} times`)
    if (world.accepted.has(name)) check(times === 1, `D1 ${name} was accepted and never created`)
  }
  for (const [run, phases] of world.phases)
    check(
      isTerminalPath(phases, { reopened: reopenedOf(world, run) }) ||
        !world.isOver() ||
        world.deleted.has(run),
      `D8 status of ${run} went ${phases.join(' > ')}`,
    )
  const started = [...world.journals.values()].map(([first]) => first)
  const inputs = started.map((record) => (record?.type === 'run.started' ? record.snapshot.input['id'] : '?'))
  check(new Set(inputs).size === inputs.length, `D1 a run has two journals: ${inputs.join(', ')}`)
  for (const records of world.journals.values()) {
    const state = foldRun(records)
    const name = state.snapshot?.input['id'] ?? '?'
    const told = world.phases.get(name)?.at(-1)
    check(
      told === state.phase || world.deleted.has(name) || !world.isOver(),
      `D8 ${name} is ${state.phase} and its status says ${told}`,
    )
    const last = records.findLast(({ type }) => type.startsWith('run.'))
    const afterEnd = records.filter(
      ({ type, seq }) => type === 'step.submitted' && last?.type === 'run.finished' && seq > last.seq,
    )
    check(afterEnd.length === 0, 'D8 a step was submitted after the run had ended')
  }
}

const checkEffects = (world: World, check: Check): void => {
  const byKey = Map.groupBy(world.toolLedger, ({ key }) => key)
  for (const [, calls] of byKey) {
    const [first] = calls
    if (first === undefined) continue
    check(
      first.announced,
      `D4 ${first.tool} ${String(first.arguments['what'])} was called before its intent was durable`,
    )
    if (first.tool === 'post')
      check(
        calls.length === 1,
        `D5 ${String(first.arguments['what'])} was posted ${calls.length} times by ${calls.map(({ process }) => process).join(', ')}`,
      )
  }
  const posts = Map.groupBy(
    world.toolLedger.filter(({ tool }) => tool === 'post'),
    ({ arguments: args }) => String(args['what']),
  )
  for (const [what, calls] of posts)
    check(
      calls.length === 1,
      `D5 ${what} was posted ${calls.length} times, under ${new Set(calls.map(({ key }) => key)).size} keys`,
    )
  for (const records of world.journals.values())
    for (const record of records) {
      if (record.type !== 'tool.returned' || record.isError) continue
      const intent = records.find(
        (other): other is Of<'tool.intended'> =>
          other.type === 'tool.intended' && placeOf(other) === placeOf(record),
      )
      check(
        intent !== undefined && byKey.has(intent.idempotencyKey),
        `A1 ${record.key} tells of a call that its server never saw`,
      )
    }
  for (const asked of world.modelLedger)
    check(
      !asked.owner || asked.turnsBefore >= asked.turnsAnswered,
      `P2 ${asked.run}/${asked.step}: turn ${asked.turnsBefore + 1} was asked again by ${asked.process} after turn ${asked.turnsAnswered} was in the journal`,
    )
}

/** A call whose announcement became durable after the policy had changed is judged by the new one. */
const checkPolicy = (world: World, check: Check): void => {
  const intents = [...world.journals.values()].flatMap((records) =>
    records.filter((record): record is Of<'tool.intended'> => record.type === 'tool.intended'),
  )
  for (const { tool, key, at, arguments: args } of world.toolLedger) {
    const intent = intents.findLast((record) => record.idempotencyKey === key && Date.parse(record.at) <= at)
    check(
      tool !== 'post' || intent === undefined || Date.parse(intent.at) <= world.postsForbiddenAt,
      `P3 ${String(args['what'])} was posted although it was announced after a policy forbade it`,
    )
  }
  for (const records of world.journals.values())
    for (const denied of records) {
      if (denied.type !== 'tool.denied') continue
      const intent = intents.find(
        ({ run, ...record }) => run === denied.run && placeOf(record) === placeOf(denied),
      )
      check(
        intent?.effect !== 'write' || world.toolLedger.every(({ key }) => key !== intent.idempotencyKey),
        `P3 ${denied.key} says that it was denied, and it was made`,
      )
    }
}

const checkSpend = (world: World, check: Check): void => {
  const limit = world.scenario.namespaceDailyTokens
  if (limit === undefined) return
  const used = world.modelLedger.reduce((sum, { tokens }) => sum + tokens, 0)
  check(used <= limit, `B1 ${used} tokens were used of ${limit}`)
}
