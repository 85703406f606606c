// A firing that nobody sent (a schedule, the end of a run) enters the inbox as any delivery does. One whose targets do
// not render is stored as refused: it is counted and told of, and repetition would not help.

import type { SwarmEvent } from '../../api/v1alpha1/index.ts'
import { isKubeswarmError } from '../../domain/error.ts'
import { runsOfDelivery, type Firing } from '../../domain/trigger/runs-of-delivery.ts'
import type { InboxEntry } from '../../ports/inbox.ts'
import type { OperatorContext } from '../context.ts'

export const acceptFiring = async ({
  store,
  clock,
  event,
  delivery,
  ...firing
}: Pick<OperatorContext, 'store' | 'clock'> &
  Pick<Firing, 'delivery'> &
  Omit<Firing, 'namespace' | 'event' | 'uid' | 'delivery'> & {
    readonly event: SwarmEvent
  }): Promise<void> => {
  const { namespace = 'default', name, uid = '' } = event.metadata
  const receivedAt = new Date(clock.now()).toISOString()
  const key = { namespace, event: name, uid, delivery }
  await store.inbox.accept({ ...key, receivedAt, ...runsOf({ ...firing, ...key }, event) })
}

const runsOf = (firing: Firing, { spec }: SwarmEvent): Pick<InboxEntry, 'runs' | 'dropped'> => {
  try {
    return { runs: runsOfDelivery({ targets: spec.targets, firing }) }
  } catch (error) {
    if (!isKubeswarmError(error) || error.code !== 'TemplateError') throw error
    const { message, remedy } = error
    const dropped = { reason: 'Refused' as const, message, ...(remedy === undefined ? {} : { remedy }) }
    return { runs: [], dropped }
  }
}
