import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apiVersion, type SwarmEvent } from '../../api/v1alpha1/index.ts'
import { circleThrough } from './event-loops.ts'

const follows = (name: string, from: string, ...to: readonly string[]): SwarmEvent => ({
  apiVersion,
  kind: 'SwarmEvent',
  metadata: { name, namespace: 'n' },
  spec: {
    source: { type: 'team-output', teamOutput: { name: from } },
    targets: to.map((team) => ({ team })),
  },
})

describe('a circle of teams', () => {
  test('F86 a team that starts itself', () => {
    expect(circleThrough(follows('e', 'a', 'a'), [])).toEqual(['a', 'a'])
  })

  test('is named with all its teams', () => {
    const events = [follows('1', 'b', 'x', 'c'), follows('2', 'c', 'a')]
    expect(circleThrough(follows('3', 'a', 'b'), events)).toEqual(['a', 'b', 'c', 'a'])
  })

  test('is not seen where ways only meet again', () => {
    const events = [follows('1', 'b', 'd'), follows('2', 'c', 'd')]
    expect(circleThrough(follows('3', 'a', 'b', 'c'), events)).toBeUndefined()
  })

  test('the event as it was before does not count', () => {
    expect(circleThrough(follows('e', 'b', 'a'), [follows('e', 'a', 'b')])).toBeUndefined()
  })

  test('a circle elsewhere is not this event’s', () => {
    const events = [follows('1', 'b', 'c'), follows('2', 'c', 'b')]
    expect(circleThrough(follows('3', 'a', 'b'), events)).toBeUndefined()
  })

  test('events that are admitted one by one never make a circle', () => {
    const team = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const wanted = fc.array(fc.tuple(team, fc.uniqueArray(team, { minLength: 1, maxLength: 3 })), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(wanted, (edges) => {
        const admitted = edges.reduce<readonly SwarmEvent[]>((events, [from, to], index) => {
          const event = follows(String(index), from, ...to)
          return circleThrough(event, events) === undefined ? [...events, event] : events
        }, [])
        // Without a circle there is always a team that nobody starts any more: take them away one after the other.
        let left = admitted
        for (;;) {
          const started = new Set(left.flatMap(({ spec }) => spec.targets.map((target) => target.team)))
          const next = left.filter(({ spec }) => started.has(spec.source.teamOutput?.name))
          if (next.length === left.length) break
          left = next
        }
        expect(left).toEqual([])
      }),
    )
  })
})
