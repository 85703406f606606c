// Rollouts simulated from decision to decision: what `planScaling` says is done, pods become available, and so on.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Deployment, ReplicaSet } from '../client/kubernetes-types.ts'
import { hasTemplate, initialReplicas, limits, mostPods, planScaling, templateHash } from './rollout-plan.ts'

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }

const deployment = (spec: Partial<Deployment['spec']>): Deployment => ({
  metadata: { name: 'd', namespace: 'n', uid: 'd', resourceVersion: '1', generation: 1 },
  spec: { selector: { matchLabels: { app: 'a' } }, template, ...spec },
})

const replicaSet = (name: string, replicas: number, available = replicas): ReplicaSet => ({
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: name },
  spec: { replicas, selector: {}, template },
  status: { replicas, availableReplicas: available },
})

describe('a rollout', () => {
  it('takes 25% for both limits unless told otherwise, rounding surge up and unavailability down', () => {
    expect(limits(deployment({ replicas: 10 }))).toEqual({ surge: 3, unavailable: 2 })
    const none = { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } }
    expect(limits(deployment({ replicas: 4, strategy: none }))).toEqual({ surge: 0, unavailable: 1 })
  })

  it('never leaves its limits and always arrives, whatever the numbers', () => {
    const numbers = fc.record({
      replicas: fc.integer({ min: 0, max: 12 }),
      old: fc.integer({ min: 0, max: 12 }),
      maxSurge: fc.integer({ min: 0, max: 4 }),
      maxUnavailable: fc.integer({ min: 0, max: 4 }),
    })
    fc.assert(
      fc.property(numbers, ({ replicas, old, maxSurge, maxUnavailable }) => {
        const subject = deployment({ replicas, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } })
        const start = replicaSet('1', old)
        const first = initialReplicas({ deployment: subject, older: [start], olderPodsRunning: old }) ?? 0
        let sets = { newest: replicaSet('2', first, 0), old: start }
        const floor = Math.min(old, replicas - limits(subject).unavailable)
        for (let turn = 0; turn < 100; turn += 1) {
          const steps = planScaling({
            deployment: subject,
            newest: sets.newest,
            older: [sets.old],
            olderPodsRunning: old,
          })
          for (const { replicaSet: set, replicas: to } of steps) {
            const next = replicaSet(set.metadata.name, to, Math.min(to, set.status?.availableReplicas ?? 0))
            sets = set === sets.newest ? { ...sets, newest: next } : { ...sets, old: next }
          }
          const total = (sets.newest.spec.replicas ?? 0) + (sets.old.spec.replicas ?? 0)
          const available =
            (sets.newest.status?.availableReplicas ?? 0) + (sets.old.status?.availableReplicas ?? 0)
          expect(total).toBeLessThanOrEqual(Math.max(mostPods(subject), old))
          expect(available).toBeGreaterThanOrEqual(floor)
          if (
            steps.length === 0 &&
            (sets.newest.status?.availableReplicas ?? 0) === sets.newest.spec.replicas
          )
            break
          sets = { ...sets, newest: replicaSet('2', sets.newest.spec.replicas ?? 0) }
        }
        expect(sets.newest.spec.replicas).toBe(replicas)
        expect(sets.old.spec.replicas).toBe(0)
      }),
    )
  })

  it('by Recreate waits until the last old pod is gone', () => {
    const subject = deployment({ replicas: 2, strategy: { type: 'Recreate' } })
    const older = [replicaSet('1', 2)]
    expect(initialReplicas({ deployment: subject, older, olderPodsRunning: 2 })).toBe(0)
    const newest = replicaSet('2', 0)
    const down = planScaling({ deployment: subject, newest, older, olderPodsRunning: 2 })
    expect(down.map(({ replicas }) => replicas)).toEqual([0])
    const empty = [replicaSet('1', 0)]
    expect(planScaling({ deployment: subject, newest, older: empty, olderPodsRunning: 1 })).toEqual([])
    expect(planScaling({ deployment: subject, newest, older: empty, olderPodsRunning: 0 })).toHaveLength(1)
  })

  it('starts nothing new while paused, but can be scaled', () => {
    const subject = deployment({ replicas: 3, paused: true })
    expect(
      initialReplicas({ deployment: subject, older: [replicaSet('1', 1)], olderPodsRunning: 1 }),
    ).toBeUndefined()
    const steps = planScaling({
      deployment: subject,
      newest: undefined,
      older: [replicaSet('1', 1)],
      olderPodsRunning: 1,
    })
    expect(steps.map(({ replicas }) => replicas)).toEqual([3])
  })

  it('knows its template again under the hash label, and gives another hash after a collision', () => {
    const hash = templateHash({ template, collisions: 0 })
    const labelled = {
      ...template,
      metadata: { labels: { ...template.metadata.labels, 'pod-template-hash': hash } },
    }
    expect(hasTemplate({ ...replicaSet('1', 1), spec: { selector: {}, template: labelled } }, template)).toBe(
      true,
    )
    expect(templateHash({ template: labelled, collisions: 0 })).toBe(hash)
    expect(templateHash({ template, collisions: 1 })).not.toBe(hash)
    expect(hash).toMatch(/^[a-z0-9]{10}$/)
  })
})
