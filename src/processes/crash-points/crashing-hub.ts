// The store as the hub reaches it, with a boundary on each side. Verbs: `accept` of a delivery, `lease` (after only:
// who waits has no step yet), `reserve` before a model call, `intent` of a tool call, `append` of anything else,
// `finish`, `heartbeat`.

import type { RecordBody } from '../../domain/journal/record.ts'
import type { LeaseProof } from '../../ports/task-queue.ts'
import type { Store } from '../../ports/store.ts'
import { between, type Boundary } from './crash-plan.ts'

export const crashingHubStore = ({
  boundary,
  store,
}: {
  readonly boundary: Boundary
  readonly store: Store
}): Store => {
  const { tasks, inbox } = store
  return {
    ...store,
    tasks: {
      ...tasks,
      async lease(request) {
        const lease = await tasks.lease(request)
        if (lease !== undefined) boundary('lease.after', lease.task.step)
        return lease
      },
      append: (request) =>
        between({
          boundary,
          verb: appendVerb(request.records),
          step: stepOf(request),
          work: () => tasks.append(request),
        }),
      reserve: (request) =>
        between({ boundary, verb: 'reserve', step: stepOf(request), work: () => tasks.reserve(request) }),
      finish: (request) =>
        between({ boundary, verb: 'finish', step: stepOf(request), work: () => tasks.finish(request) }),
      heartbeat: (request) =>
        between({ boundary, verb: 'heartbeat', step: stepOf(request), work: () => tasks.heartbeat(request) }),
    },
    inbox: {
      ...inbox,
      accept: (entry) => between({ boundary, verb: 'accept', work: () => inbox.accept(entry) }),
    },
  }
}

export const appendVerb = (records: readonly RecordBody[]): string =>
  records.some(({ type }) => type === 'tool.intended') ? 'intent' : 'append'

/** A task's id is `<run uid>/<step>/<attempt>`. */
export const stepOf = ({ task }: LeaseProof): string => task.split('/')[1] ?? ''
