// Conditions of the kinds that the operator keeps. A transition time moves only when the status does, so that an
// object in a steady state is never written.

import type { Condition } from '../api/v1alpha1/index.ts'

export type ConditionNow = Omit<Condition, 'lastTransitionTime'>

/** The conditions as they are now, in their fixed order, with the transition times of `previous` where nothing turned. */
export const conditionsAt = ({
  previous = [],
  current,
  now,
}: {
  readonly previous?: readonly Condition[] | undefined
  readonly current: readonly ConditionNow[]
  readonly now: number
}): readonly Condition[] =>
  current.map((condition) => {
    const before = previous.find(({ type }) => type === condition.type)
    const turned = before?.status !== condition.status
    return {
      ...condition,
      lastTransitionTime: before === undefined || turned ? timestamp(now) : before.lastTransitionTime,
    }
  })

/** RFC 3339 in whole seconds, as Kubernetes prints times. */
export const timestamp = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`
