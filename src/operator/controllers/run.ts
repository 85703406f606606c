// The SwarmRun controller. It wakes on changes of the resource, on every record of the run's journal, and on the
// engine's own appointments; it starts the run, lets the engine move it, and tells of it in the status. The journal
// is the truth and the status a picture of it: a picture that cannot be painted holds nothing up.

import { swarmAgents, swarmRuns, type SwarmRun, type SwarmRunStatus } from '../../api/v1alpha1/index.ts'
import { isOver } from '../../domain/run/is-over.ts'
import type { FieldError } from '../../domain/error.ts'
import { effectivePolicy } from '../../domain/guardrail/merge-policies.ts'
import { isFinished } from '../../domain/journal/fold.ts'
import { isInFlight } from '../../domain/journal/step-phase.ts'
import type { RunKey } from '../../domain/journal/record.ts'
import { runStatus } from '../../domain/run/status.ts'
import { conditionsAt, timestamp } from '../conditions.ts'
import type { OperatorContext } from '../context.ts'
import { isEmpty, mergePatch } from '../merge-patch.ts'
import { createController, type Again } from '../reconcile/controller.ts'
import { keyOf, splitKey } from '../reconcile/indexed-cache.ts'
import { createStatusWriter, type StatusWriter } from '../status-writer.ts'
import { createRunEngine, type RunEngine, type Wish } from './run-engine.ts'
import { prepareRun } from './run-start.ts'
import { createStatusWrite } from './run-status-write.ts'

interface RunController {
  /** Call once the caches have synced. */
  start(): Promise<void>
  close(): Promise<void>
}

interface RunInHand {
  readonly engine: RunEngine
  readonly status: StatusWriter<SwarmRunStatus>
  /** Nothing is left to do but to see the last status arrive. */
  over: boolean
}

/** A run whose deadline nothing else brings up is still looked at, should a wake-up ever be lost. */
const longestRestMs = 60_000

export const createRunController = (context: OperatorContext): RunController => {
  const { store, caches, clock, random, logger, salt, resources, events } = context
  // Runs that move, by uid. Everything here can be rebuilt from journal and resource.
  const inHand = new Map<string, RunInHand>()
  // Started runs whose resource is gone, by key: they must still be brought to their end.
  const orphans = new Map<string, RunKey>()
  // Keys of runs whose journal has grown since they were last looked at: one that is over may have been reopened.
  const grown = new Set<string>()

  const takeInHand = (run: RunKey, seen: SwarmRun | undefined): RunInHand => {
    const known = inHand.get(run.uid)
    if (known !== undefined) return known
    const write = createStatusWrite({
      resources,
      run,
      version: seen?.metadata.resourceVersion,
      overtaken: (current) => {
        taken.status.close()
        letGo(run.uid)
        if (current === undefined) return
        // Told as over by another: it may have been reopened since, which the cache is about to know.
        if (isOver(current)) return controller.queue.addAfter(keyOf(run), 1_000)
        takeInHand(run, current)
        controller.queue.add(keyOf(run))
      },
    })
    const taken: RunInHand = {
      over: false,
      engine: createRunEngine({ run, store, clock, random, salt }),
      status: createStatusWriter<SwarmRunStatus>({
        initial: seen?.status,
        phaseOf: (status) => status.phase,
        clock,
        logger,
        write,
      }),
    }
    inHand.set(run.uid, taken)
    return taken
  }
  const letGo = (uid: string): void => {
    inHand.delete(uid)
  }

  const retries = (namespace: string): Wish['retries'] => {
    const policies = caches.policies.list(namespace)
    return (name) => {
      const agent = caches.agents.get({ namespace, name })
      return agent === undefined ? 0 : effectivePolicy({ agent, policies }).limits.retries.value
    }
  }

  const again = (until: number | undefined): Again => ({
    afterMs: until === undefined ? longestRestMs : Math.min(Math.max(until - clock.now(), 1), longestRestMs),
  })

  const reconcile = async (key: string): Promise<Again | undefined> => {
    const orphan = orphans.get(key)
    if (orphan !== undefined) await abandon(key, orphan)
    const seen = caches.runs.get(splitKey(key))
    if (seen === undefined) return orphans.has(key) ? { afterMs: 1_000 } : undefined
    const run: RunKey = { ...splitKey(key), uid: seen.metadata.uid ?? '' }
    // A finished run is never touched again, unless a person has reopened it.
    if (isOver(seen) && (inHand.get(run.uid)?.over ?? true)) {
      const reopened = grown.has(key) && (await isReopened(run))
      letGo(run.uid)
      if (!reopened) {
        grown.delete(key)
        return undefined
      }
      events.record({
        about: seen,
        type: 'Normal',
        reason: 'RunReopened',
        message: 'a person let the run go on',
      })
    }
    const hand = takeInHand(run, seen)
    const { engine, status } = hand
    if (hand.over) return undefined
    grown.delete(key)
    await engine.observe()
    if (engine.state.seq === 0 && !(await begin(seen, hand))) return undefined

    const wish = {
      cancel: seen.spec.cancel === true || seen.metadata.deletionTimestamp !== undefined,
      suspend: seen.spec.suspend === true,
      retries: retries(run.namespace),
    }
    // A watcher sees Running even when the whole run takes milliseconds; after that, steps come before words.
    if (status.latest?.phase !== 'Running') tell(seen, hand)
    const { until } = await engine.advance(wish)
    await cancelWithoutAgent(engine)
    tell(seen, hand)
    if (!isFinished(engine.state)) return again(until)
    hand.over = true
    announce(seen, status.latest)
    return undefined
  }

  const isReopened = async (run: RunKey): Promise<boolean> => {
    const newest = await store.journal.find(run)
    return newest?.uid === run.uid && newest.finishedAt === undefined
  }

  /** A step whose agent was deleted would wait for ever: nobody will take its task. */
  const cancelWithoutAgent = async ({ run, state }: RunEngine): Promise<void> => {
    const { namespace } = run
    for (const { name: step, agent } of state.steps.filter(isInFlight)) {
      if (caches.agents.get({ namespace, name: agent }) !== undefined) continue
      if ((await resources.get(swarmAgents, { namespace, name: agent })) !== undefined) continue
      await store.tasks.cancel({ run, step, reason: `SwarmAgent "${agent}" was deleted` })
    }
  }

  /** Whether the run has begun. */
  const begin = async (seen: SwarmRun, hand: RunInHand): Promise<boolean> => {
    const { engine, status } = hand
    const start = await prepareRun(context, seen)
    if (start.type === 'gone') {
      letGo(engine.run.uid)
      return false
    }
    const { metadata } = start.run
    if (status.latest === undefined) status.push(pending(metadata.generation, clock.now()))
    if (start.type === 'waiting') return false
    const { result } = start
    if (result.type === 'invalid') {
      // It has no journal to end: whoever follows its team is told this way.
      await store.ends.add({
        run: engine.run,
        seq: 0,
        phase: 'Failed',
        reason: result.reason,
        message: result.errors.map(describe).join('; ') || result.reason,
        endedAt: new Date(clock.now()).toISOString(),
        ...(seen.spec.teamRef === undefined ? {} : { team: seen.spec.teamRef }),
      })
      status.push(
        refused({ ...result, generation: metadata.generation, now: clock.now(), before: status.latest }),
      )
      events.record({
        about: seen,
        type: 'Warning',
        reason: 'InvalidInput',
        message: result.errors.map(describe).join('; '),
      })
      hand.over = true
      return false
    }
    const { snapshot, snapshotHash } = result
    await store.journal.append({
      run: engine.run,
      records: [{ type: 'run.started', snapshot, snapshotHash }],
    })
    await engine.observe()
    events.record({
      about: seen,
      type: 'Normal',
      reason: 'RunStarted',
      message: `started ${snapshot.kind} ${snapshot.source} with ${snapshot.steps.length} steps`,
    })
    return true
  }

  const tell = (seen: SwarmRun, { engine, status }: RunInHand): void => {
    const previous = status.latest
    const next = runStatus({
      state: engine.state,
      ...(previous === undefined ? {} : { previous }),
      generation: seen.metadata.generation ?? 1,
      now: clock.now(),
      suspended: seen.spec.suspend === true,
    })
    if (previous !== undefined && isEmpty(mergePatch(previous, next))) return
    status.push(next, { withinMs: urgency(previous, next) })
  }

  const announce = (about: SwarmRun, status: SwarmRunStatus | undefined): void => {
    if (status?.phase === undefined) return
    const succeeded = status.phase === 'Succeeded'
    const verdict = status.conditions?.find(({ type }) => type === 'Succeeded')
    const reason = verdict?.reason === 'TimedOut' ? 'RunTimedOut' : endings[status.phase]
    if (reason === undefined) return
    events.record({
      about,
      type: succeeded ? 'Normal' : 'Warning',
      reason,
      message: verdict?.message ?? status.phase,
    })
  }

  /** Ends a started run whose resource is gone. Asks the API server first: a cache that lags must not cancel work. */
  const abandon = async (key: string, run: RunKey): Promise<void> => {
    const current = await resources.get<SwarmRun>(swarmRuns, run)
    if (current?.metadata.uid === run.uid) {
      orphans.delete(key)
      return
    }
    const { engine, status } = takeInHand(run, undefined)
    status.close()
    await engine.observe()
    if (engine.state.seq > 0) await engine.advance({ cancel: true, suspend: false, retries: () => 0 })
    if (engine.state.seq > 0 && !isFinished(engine.state)) return
    orphans.delete(key)
    letGo(run.uid)
  }

  const controller = createController({ name: 'run', reconcile, clock, random, logger, workers: 8 })
  const stops = [
    caches.runs.subscribe(({ before, after }) => {
      const subject = after ?? before
      if (subject === undefined) return
      const key = keyOf(subject.metadata)
      const replaced = before !== undefined && before.metadata.uid !== after?.metadata.uid
      if (replaced && !isOver(before)) orphans.set(key, { ...splitKey(key), uid: before.metadata.uid ?? '' })
      controller.queue.add(key)
    }),
    caches.agents.subscribe(({ before, after }) => {
      if (before === undefined || after !== undefined) return
      for (const { engine } of inHand.values())
        if (engine.run.namespace === before.metadata.namespace) controller.queue.add(keyOf(engine.run))
    }),
    store.journal.subscribe((run) => {
      grown.add(keyOf(run))
      controller.queue.add(keyOf(run))
    }),
  ]

  return {
    async start() {
      for (const { namespace, name, uid } of await store.journal.unfinished()) {
        const key = keyOf({ namespace, name })
        if (caches.runs.get({ namespace, name })?.metadata.uid !== uid)
          orphans.set(key, { namespace, name, uid })
        grown.add(key)
        controller.queue.add(key)
      }
      controller.start()
    },
    async close() {
      for (const stop of stops) stop()
      await controller.close()
      for (const { status } of inHand.values()) status.close()
    },
  }
}

const endings = {
  Succeeded: 'RunSucceeded',
  Failed: 'RunFailed',
  Cancelled: 'RunCancelled',
  Pending: undefined,
  Running: undefined,
} as const

const milestoneWithinMs = 1_000
const countersWithinMs = 3_000

/** A phase is told at once; steps, which may follow each other within milliseconds, soon; mere counters some time. */
const urgency = (before: SwarmRunStatus | undefined, after: SwarmRunStatus): number => {
  if (before === undefined || before.phase !== after.phase) return 0
  return milestones(before) === milestones(after) ? countersWithinMs : milestoneWithinMs
}

const milestones = ({ reason, steps, conditions }: SwarmRunStatus): string =>
  JSON.stringify([
    reason,
    steps?.map((step) => step.phase),
    conditions?.map(({ type, status, reason: why }) => [type, status, why]),
  ])

const pending = (generation = 1, now: number): SwarmRunStatus => ({
  phase: 'Pending',
  observedGeneration: generation,
  conditions: conditionsAt({
    current: [
      {
        type: 'Succeeded',
        status: 'Unknown',
        observedGeneration: generation,
        reason: 'Pending',
        message: 'the run was accepted and has not started yet',
      },
    ],
    now,
  }),
})

const describe = ({ path, message, position, remedy }: FieldError): string => {
  const place = position === undefined ? '' : `, line ${position.line}, column ${position.column}`
  return `${path}${place}: ${message}${remedy === undefined ? '' : ` (${remedy})`}`
}

/** A run that cannot start has no journal; its status alone says why. */
const refused = ({
  reason,
  errors,
  generation = 1,
  now,
  before,
}: {
  readonly reason: string
  readonly errors: readonly FieldError[]
  readonly generation: number | undefined
  readonly now: number
  readonly before: SwarmRunStatus | undefined
}): SwarmRunStatus => ({
  phase: 'Failed',
  reason,
  completionTime: timestamp(now),
  observedGeneration: generation,
  conditions: conditionsAt({
    previous: before?.conditions,
    current: [
      {
        type: 'Succeeded',
        status: 'False',
        observedGeneration: generation,
        reason,
        message: errors.map(describe).join('; ') || reason,
      },
    ],
    now,
  }),
})
