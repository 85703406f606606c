import { describe, expect, it } from 'vitest'
import type { OwnerReference, Stored } from '../client/kubernetes-types.ts'
import { kinds } from '../client/resource-kind.ts'
import { planGarbage, type OwnerState } from './garbage-plan.ts'
import type { GraphNode } from './ownership-graph.ts'

const node = (uid: string, metadata: Partial<Stored['metadata']> = {}): GraphNode => ({
  kind: kinds.pods,
  metadata: { name: uid, namespace: 'n', uid, resourceVersion: '1', ...metadata },
})
const owner = (uid: string, state: OwnerState) => ({
  reference: {
    apiVersion: 'v1',
    kind: 'Pod',
    name: uid,
    uid,
    blockOwnerDeletion: true,
  } satisfies OwnerReference,
  state,
})
const deleting = (finalizer: string): GraphNode =>
  node('o', { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [finalizer, 'x/y'] })

describe('garbage', () => {
  it.each([
    { reason: 'nobody ever owned it', owners: [], expected: { type: 'nothing' } },
    { reason: 'its owner is there', owners: [owner('a', 'solid')], expected: { type: 'nothing' } },
    {
      reason: 'its owner is gone',
      owners: [owner('a', 'absent')],
      expected: { type: 'delete', policy: 'Background' },
    },
    {
      reason: 'its owner waits for it',
      owners: [owner('a', 'waiting')],
      expected: { type: 'delete', policy: 'Background' },
    },
  ])('$reason', ({ owners, expected }) => {
    expect(planGarbage({ node: node('x'), dependents: [], owners })).toEqual(expected)
  })

  it('keeps what still has one owner and drops only the other references', () => {
    const owners = [owner('a', 'absent'), owner('b', 'solid')]
    const action = planGarbage({ node: node('x'), dependents: [], owners })
    expect(action).toMatchObject({ type: 'keep-owners', ownerReferences: [{ uid: 'b' }] })
  })

  it('deletes the whole tree in the foreground when its root is', () => {
    const owners = [owner('a', 'waiting')]
    const action = planGarbage({ node: node('x'), dependents: [node('y')], owners })
    expect(action).toEqual({ type: 'delete', policy: 'Foreground' })
  })

  it('holds an owner back only for dependents that block it', () => {
    const reference = { apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'o' }
    const blocking = node('x', { ownerReferences: [{ ...reference, blockOwnerDeletion: true }] })
    const free = node('y', { ownerReferences: [reference] })
    const subject = deleting('foregroundDeletion')
    expect(planGarbage({ node: subject, dependents: [blocking], owners: [] }).type).toBe('collect-dependents')
    expect(planGarbage({ node: subject, dependents: [free], owners: [] })).toEqual({
      type: 'remove-finalizer',
      finalizer: 'foregroundDeletion',
    })
  })

  it('frees dependents before an orphaning owner goes', () => {
    const subject = deleting('orphan')
    expect(planGarbage({ node: subject, dependents: [node('x')], owners: [] }).type).toBe(
      'release-dependents',
    )
    expect(planGarbage({ node: subject, dependents: [], owners: [] })).toEqual({
      type: 'remove-finalizer',
      finalizer: 'orphan',
    })
  })
})
