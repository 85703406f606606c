// A year of schedules with two leaders at once, rests of both, and clocks that disagree: who fires, and how often.

import { describe, expect, test } from 'vitest'
import { openSqliteStore } from '../adapters/sql/sqlite.ts'
import type { SwarmEvent } from '../api/v1alpha1/index.ts'
import { slotsByWallClock } from '../domain/trigger/testing/slots-by-wall-clock.ts'
import { createScheduleKeeper } from '../operator/controllers/event-schedule.ts'
import { createManualClock } from '../ports/manual-clock.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const year = { from: Date.UTC(2026, 0, 1, 0, 30), until: Date.UTC(2027, 0, 1, 0, 30) }
const namespace = 'incident-response'

/** Neither leader runs; after them both look at once. */
const rests = [
  { from: Date.UTC(2026, 2, 28, 22), until: Date.UTC(2026, 2, 29, 4, 40) },
  { from: Date.UTC(2026, 5, 1, 8), until: Date.UTC(2026, 5, 6, 9, 5) },
  { from: Date.UTC(2026, 9, 24, 23, 15), until: Date.UTC(2026, 9, 25, 0, 45) },
]
const rest = (at: number) => rests.find(({ from, until }) => at >= from && at < until)

const schedules = [
  { name: 'berlin', cron: '30 2 * * *', times: [150], timeZone: 'Europe/Berlin' },
  {
    name: 'new-york',
    cron: '30 1 * * *',
    times: [90],
    timeZone: 'America/New_York',
    startingDeadlineSeconds: 600,
  },
  { name: 'lord-howe', cron: '15 2 * * *', times: [135], timeZone: 'Australia/Lord_Howe' },
  {
    name: 'utc',
    cron: '0 */6 * * *',
    times: [0, 360, 720, 1080],
    timeZone: 'UTC',
    startingDeadlineSeconds: 3600,
  },
  {
    name: 'half-hours',
    cron: '*/30 * * * *',
    times: 'every half hour' as const,
    timeZone: 'Europe/Berlin',
    startingDeadlineSeconds: 60,
    span: { from: Date.UTC(2026, 9, 20), until: Date.UTC(2026, 9, 30) },
  },
]

/** What must have fired: each slot while somebody looked, and of a rest the latest one, if it is not too late. */
const expectedOf = ({
  times,
  timeZone,
  startingDeadlineSeconds,
  span = year,
}: (typeof schedules)[number]) => {
  const slots = slotsByWallClock({ times, timeZone, ...span }).filter((slot) => slot > span.from)
  return slots.filter((slot) => {
    const resting = rest(slot)
    if (resting === undefined) return true
    const latest = slots.filter((other) => other <= resting.until).at(-1) === slot
    return latest && resting.until - slot <= (startingDeadlineSeconds ?? Number.POSITIVE_INFINITY) * 1000
  })
}

describe('F64 a year with DST, rests and two leaders', { timeout: 120_000 }, () => {
  test.each(schedules)('$name: $cron in $timeZone fires the right slots, each once', async (schedule) => {
    const { name, cron, timeZone, startingDeadlineSeconds, span = year } = schedule
    const truth = createManualClock({ start: span.from })
    const store = openSqliteStore({ path: ':memory:', clock: truth })
    const event: SwarmEvent = {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmEvent',
      metadata: { name, namespace, uid: 'uid', creationTimestamp: new Date(span.from).toISOString() },
      spec: {
        source: {
          type: 'cron',
          cron,
          timeZone,
          ...(startingDeadlineSeconds === undefined ? {} : { startingDeadlineSeconds }),
        },
        targets: [{ team: 'incident-responder', input: { when: '{{ .trigger.firedAt }}' } }],
      },
    }
    /** A leader: its clock, what it knows, and when it looks again. The status it sees is the newest of both. */
    let status: NonNullable<SwarmEvent['status']> = {}
    const leader = (skewMs: number) => {
      const clock = { ...truth, now: () => truth.now() + skewMs }
      const start = () =>
        createScheduleKeeper({ store, clock, events: { record: () => {}, close: async () => {} } })
      let keeper = start()
      return {
        wakesAt: span.from,
        async look() {
          const kept = await keeper.keep({ ...event, status })
          status = { ...kept.status, observedGeneration: 1 }
          const next = Date.parse(kept.status.nextFireAt ?? '') - skewMs
          this.wakesAt = Math.max(next, truth.now() + 1)
        },
        restart: () => void (keeper = start()),
      }
    }
    const leaders = [leader(0), leader(1_700)]
    for (;;) {
      const at = Math.min(...leaders.map(({ wakesAt }) => wakesAt))
      if (at > span.until) break
      const resting = rest(at)
      if (resting !== undefined) {
        for (const one of leaders) {
          one.wakesAt = resting.until
          one.restart()
        }
        continue
      }
      truth.advance(at - truth.now())
      await Promise.all(leaders.filter(({ wakesAt }) => wakesAt <= at).map((one) => one.look()))
    }
    const fired = (await store.inbox.pending()).map(({ entry }) => entry)
    const slots = fired.map(({ delivery }) => delivery.replace('cron:', ''))
    expect(slots).toEqual(expectedOf(schedule).map((slot) => `${new Date(slot).toISOString().slice(0, 19)}Z`))
    expect(new Set(fired.flatMap(({ runs }) => runs.map((run) => run.name))).size).toBe(slots.length)
    expect(fired[0]?.runs[0]?.manifest).toMatchObject({ spec: { input: { when: slots[0] } } })
    await store.close()
  })
})

test('suspended: nothing fires, and what passed meanwhile does not come after', async () => {
  const clock = createManualClock({ start: Date.UTC(2026, 3, 1, 8) })
  const store = openSqliteStore({ path: ':memory:', clock })
  const keeper = createScheduleKeeper({ store, clock, events: { record: () => {}, close: async () => {} } })
  const event = (suspended: boolean, status: SwarmEvent['status']): SwarmEvent => ({
    apiVersion: 'kubeswarm.io/v1alpha1',
    kind: 'SwarmEvent',
    metadata: { name: 'daily', namespace, uid: 'uid', creationTimestamp: '2026-04-01T07:00:00Z' },
    spec: { source: { type: 'cron', cron: '0 9 * * *' }, targets: [{ team: 'a' }], suspended },
    ...(status === undefined ? {} : { status }),
  })
  let status = (await keeper.keep(event(false, undefined))).status
  expect(status).toMatchObject({ schedule: '0 9 * * *', nextFireAt: '2026-04-01T09:00:00Z' })
  status = (await keeper.keep(event(true, { ...status, observedGeneration: 1 }))).status
  expect(status).toEqual({})
  clock.advance(2 * hourMs)
  status = (await keeper.keep(event(false, { observedGeneration: 2 }))).status
  expect(status.nextFireAt).toBe('2026-04-02T09:00:00Z')
  expect(await store.inbox.pending()).toEqual([])
  clock.advance(23 * hourMs)
  await keeper.keep(event(false, { ...status, observedGeneration: 3 }))
  expect((await store.inbox.pending()).map(({ entry }) => entry.delivery)).toEqual([
    'cron:2026-04-02T09:00:00Z',
  ])
  await store.close()
})
