// Planted bugs: ways in which the system could be wrong. Each is put between the real parts, in the simulation only,
// and the invariants must find it.

import type { EffectivePolicy } from '../../src/domain/guardrail/effective-policy.ts'
import type { RecordBody } from '../../src/domain/journal/record.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Resources } from '../../src/ports/resources.ts'
import type { Store } from '../../src/ports/store.ts'
import type { LeaseProof } from '../../src/ports/task-queue.ts'
import type { TaskSource } from '../../src/ports/task-source.ts'
import type { World } from './world.ts'

export interface Mutant {
  readonly name: string
  /** Invariants of which at least one must notice. */
  readonly foundBy: readonly string[]
  /** The store as operators and hubs find it. */
  store(given: { readonly store: Store; readonly world: World }): Store
  /** The hub as an agent finds it. */
  source(given: { readonly source: TaskSource }): TaskSource
  /** The API server as operators find it. */
  resources(given: { readonly resources: Resources }): Resources
  operatorClock(given: { readonly clock: Clock }): Clock
}

/** No bug but those that nobody has planted. */
export const faithful: Mutant = {
  name: 'faithful',
  foundBy: [],
  store: ({ store }) => store,
  source: ({ source }) => source,
  resources: ({ resources }) => resources,
  operatorClock: ({ clock }) => clock,
}

// The queue forgets a task when its owner says that it is done, and the result is written afterwards.
const forgotten = new WeakMap<World, Set<string>>()
const ackBeforeResult: Mutant = {
  ...faithful,
  name: 'ack-before-result',
  foundBy: ['liveness', 'D7'],
  store: ({ store, world }) => {
    const { tasks } = store
    const done = forgotten.get(world) ?? new Set()
    forgotten.set(world, done)
    return {
      ...store,
      tasks: {
        ...tasks,
        async lease(request) {
          for (;;) {
            const lease = await tasks.lease(request)
            if (lease === undefined || !done.has(lease.task.id)) return lease
          }
        },
        async finish(request) {
          await tasks.find(request.task)
          done.add(request.task)
          tasks.finish(request).catch(() => undefined)
        },
      },
    }
  },
}

// Whoever says that it owns a task is believed.
const noFencing: Mutant = {
  ...faithful,
  name: 'no-fencing',
  foundBy: ['F05', 'D2', 'D3', 'D5', 'P2'],
  store: ({ store, world }) => {
    const { tasks } = store
    const asOwner = <T extends LeaseProof>(request: T): T => ({
      ...request,
      fence: world.newestFence(request.task) ?? request.fence,
    })
    return {
      ...store,
      tasks: {
        ...tasks,
        heartbeat: (request) => tasks.heartbeat(asOwner(request)),
        append: (request) => tasks.append(asOwner(request)),
        reserve: (request) => tasks.reserve(asOwner(request)),
        finish: (request) => tasks.finish(asOwner(request)),
        release: (request) => tasks.release(asOwner(request)),
      },
    }
  },
}

// The intent of a call is written together with its result.
const intentAfterEffect: Mutant = {
  ...faithful,
  name: 'intent-after-effect',
  foundBy: ['D4'],
  source: ({ source }) => {
    const held = new Map<string, RecordBody[]>()
    const take = (task: string): readonly RecordBody[] => {
      const records = held.get(task) ?? []
      held.delete(task)
      return records
    }
    return {
      ...source,
      async record({ records, ...request }) {
        const rest = records.filter(({ type }) => type !== 'tool.intended')
        if (rest.length === records.length)
          return source.record({ ...request, records: [...take(request.task), ...records] })
        const intents = records.filter(({ type }) => type === 'tool.intended')
        held.set(request.task, [...(held.get(request.task) ?? []), ...intents])
        return rest.length > 0
          ? source.record({ ...request, records: rest })
          : source.heartbeat({ task: request.task, fence: request.fence })
      },
      reserve: ({ before = { records: [], contents: [] }, ...request }) =>
        source.reserve({
          ...request,
          before: { ...before, records: [...take(request.task), ...before.records] },
        }),
      finish: ({ records, ...request }) =>
        source.finish({ ...request, records: [...take(request.task), ...records] }),
    }
  },
}

// A submit makes a task each time it is said, and the journal hears of it afterwards.
const doubleSubmit: Mutant = {
  ...faithful,
  name: 'double-submit',
  foundBy: ['D2', 'D3', 'D5', 'P2', 'D6'],
  store: ({ store, world }) => ({
    ...store,
    tasks: {
      ...store.tasks,
      async submit({ task, records }) {
        const id = `${task.id}#${world.random.whole(0, 1_000_000)}`
        await store.tasks.submit({ task: { ...task, id }, records: [] })
        await store.journal.append({ run: task.run, records })
      },
    },
  }),
}

// A run is looked at when a notice comes, and never otherwise.
const longestAppointmentMs = 20_000
const lostWakeUp: Mutant = {
  ...faithful,
  name: 'lost-wake-up',
  foundBy: ['liveness', 'D7'],
  operatorClock: ({ clock }) => ({
    ...clock,
    after: (ms, action) => (ms > longestAppointmentMs ? () => undefined : clock.after(ms, action)),
  }),
}

// Who takes over an interrupted task does not hear of calls without a result, and makes them again.
const forgetsIntents: Mutant = {
  ...faithful,
  name: 'forgets-intents',
  foundBy: ['D5'],
  source: ({ source }) => ({
    ...source,
    async lease(request) {
      const assigned = await source.lease(request)
      if (assigned === undefined) return undefined
      return { ...assigned, history: assigned.history.filter(({ type }) => type !== 'tool.intended') }
    },
  }),
}

// Who takes over an interrupted task begins it anew.
const forgetsTurns: Mutant = {
  ...faithful,
  name: 'forgets-turns',
  foundBy: ['P2', 'D5'],
  source: ({ source }) => ({
    ...source,
    async lease(request) {
      const assigned = await source.lease(request)
      return assigned === undefined ? undefined : { ...assigned, history: [] }
    },
  }),
}

// What the journal answers to an announcement brings the policy under which the task began.
const oldPolicy: Mutant = {
  ...faithful,
  name: 'old-policy',
  foundBy: ['P3'],
  source: ({ source }) => {
    const first = new Map<string, EffectivePolicy>()
    return {
      ...source,
      async lease(request) {
        const assigned = await source.lease(request)
        if (assigned !== undefined) first.set(assigned.task.id, assigned.policy)
        return assigned
      },
      async record(request) {
        const standing = await source.record(request)
        return { ...standing, policy: first.get(request.task) ?? standing.policy }
      },
    }
  },
}

// A model is asked although the day's tokens are used up.
const blindBudget: Mutant = {
  ...faithful,
  name: 'blind-budget',
  foundBy: ['B1'],
  source: ({ source }) => ({
    ...source,
    reserve: async (request) => ({ ...(await source.reserve(request)), reservation: { type: 'reserved' } }),
  }),
}

// A status is written over whatever is there.
const blindStatus: Mutant = {
  ...faithful,
  name: 'blind-status',
  foundBy: ['D8'],
  resources: ({ resources }) => ({
    ...resources,
    patchStatus: (type, name, status) => resources.patchStatus(type, name, status),
  }),
}

export const mutants: readonly Mutant[] = [
  ackBeforeResult,
  noFencing,
  intentAfterEffect,
  doubleSubmit,
  lostWakeUp,
  forgetsIntents,
  forgetsTurns,
  oldPolicy,
  blindBudget,
  blindStatus,
]
