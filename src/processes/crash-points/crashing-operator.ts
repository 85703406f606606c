// The operator's ways out with a boundary on each side. Verbs: `start`, `stop` and `end` of a run, `decide` (a step is
// skipped or has failed), `submit` of a step, `cancel`, `create` of a run from a delivery and `settle` of the delivery,
// `status`.

import { swarmRuns } from '../../api/v1alpha1/index.ts'
import type { RecordBody } from '../../domain/journal/record.ts'
import type { Resources } from '../../ports/resources.ts'
import type { Store } from '../../ports/store.ts'
import { between, type Boundary } from './crash-plan.ts'

export const crashingOperatorStore = ({ boundary, store }: Wrapped & { readonly store: Store }): Store => {
  const { journal, tasks, inbox } = store
  return {
    ...store,
    journal: {
      ...journal,
      append: (request) =>
        between({ boundary, verb: verbOf(request.records), work: () => journal.append(request) }),
    },
    tasks: {
      ...tasks,
      submit: (request) =>
        between({ boundary, verb: 'submit', step: request.task.step, work: () => tasks.submit(request) }),
      cancel: (request) => between({ boundary, verb: 'cancel', work: () => tasks.cancel(request) }),
    },
    inbox: {
      ...inbox,
      settle: (request) => between({ boundary, verb: 'settle', work: () => inbox.settle(request) }),
    },
  }
}

export const crashingResources = ({
  boundary,
  resources,
}: Wrapped & { readonly resources: Resources }): Resources => ({
  ...resources,
  create: (type, object) =>
    type.plural === swarmRuns.plural
      ? between({ boundary, verb: 'create', work: () => resources.create(type, object) })
      : resources.create(type, object),
  patchStatus: (type, name, status, options) =>
    type.plural === swarmRuns.plural
      ? between({
          boundary,
          verb: 'status',
          work: () => resources.patchStatus(type, name, status, options),
        })
      : resources.patchStatus(type, name, status, options),
})

interface Wrapped {
  readonly boundary: Boundary
}

const verbOf = (records: readonly RecordBody[]): string => {
  switch (records.at(-1)?.type) {
    case 'run.started':
      return 'start'
    case 'run.stopping':
      return 'stop'
    case 'run.finished':
      return 'end'
    default:
      return 'decide'
  }
}
