import { describe, expect, test } from 'vitest'
import { makeWay, type EventRun } from './make-way.ts'

const run: EventRun = { name: 'new', target: 'team a', subject: 'Q1' }
const other: EventRun = { name: 'old', target: 'team a', subject: 'Q2' }
const same: EventRun = { name: 'old', target: 'team a', subject: 'Q1' }
const elsewhere: EventRun = { name: 'old', target: 'team b', subject: 'Q1' }

describe('F87 W2 whether a promised run may begin', () => {
  test.each([
    ['Allow', 'event', [other], 'free'],
    ['Forbid', 'event', [], 'free'],
    ['Forbid', 'event', [elsewhere], 'free'],
    ['Forbid', 'event', [other], 'refuse'],
    ['Forbid', 'subject', [other], 'free'],
    ['Forbid', 'subject', [same], 'refuse'],
    ['Replace', 'event', [other], 'replace'],
    ['Replace', 'subject', [other], 'free'],
    ['Replace', 'subject', [same], 'replace'],
    ['Allow', 'subject', [same], 'wait'],
    ['Allow', 'subject', [other], 'free'],
  ] as const)('%s over the %s with %j: %s', (policy, scope, unfinished, type) => {
    expect(makeWay({ run, unfinished, policy, scope, maxUnfinished: 50 }).type).toBe(type)
  })

  test('without a subject nothing is about the same', () => {
    const { subject: _, ...plain } = run
    const { subject: __, ...old } = same
    expect(
      makeWay({ run: plain, unfinished: [old], policy: 'Forbid', scope: 'subject', maxUnfinished: 9 }).type,
    ).toBe('free')
  })

  test('beyond maxUnfinished it waits; one that exists already does not', () => {
    const rules = { policy: 'Allow', scope: 'event', maxUnfinished: 1 } as const
    expect(makeWay({ run, unfinished: [other], ...rules }).type).toBe('wait')
    expect(makeWay({ run, unfinished: [other, run], ...rules }).type).toBe('free')
    expect(makeWay({ run, unfinished: [run], ...rules, policy: 'Forbid' }).type).toBe('free')
  })
})
