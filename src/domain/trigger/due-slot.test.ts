import { describe, expect, test } from 'vitest'
import { decideSchedule, slotDelivery } from './due-slot.ts'

const at = (text: string) => Date.parse(text)
const source = { cron: '0 9 * * *' }

const decide = ({
  now,
  createdAt = '2026-04-01T08:00:00Z',
  isNew = false,
  memory = {},
  ...more
}: {
  readonly now: string
  readonly createdAt?: string
  readonly isNew?: boolean
  readonly memory?: { readonly schedule?: string; readonly scheduleFrom?: string }
  readonly startingDeadlineSeconds?: number
  readonly timeZone?: string
}) => {
  const decision = decideSchedule({
    source: { ...source, ...more },
    memory,
    createdAt: at(createdAt),
    isNew,
    now: at(now),
  })
  if (decision.type === 'invalid') throw new Error(decision.message)
  return decision
}
const known = { schedule: '0 9 * * *', scheduleFrom: '2026-04-01T09:00:00Z' }

describe('which slot fires', () => {
  test('W24 a daily schedule made at 15:00 does not fire for the morning', () => {
    const made = { now: '2026-04-01T15:00:01Z', createdAt: '2026-04-01T15:00:00Z', isNew: true }
    expect(decide(made)).toMatchObject({ next: at('2026-04-02T09:00:00Z') })
    expect(decide(made).due).toBeUndefined()
  })

  test('a schedule that was made while the operator was away fires for what came since', () => {
    expect(decide({ now: '2026-04-01T09:20:00Z', isNew: true }).due).toBe(at('2026-04-01T09:00:00Z'))
  })

  test('the moment itself is due, the moment before is not', () => {
    expect(decide({ now: '2026-04-02T09:00:00Z', memory: known }).due).toBe(at('2026-04-02T09:00:00Z'))
    expect(decide({ now: '2026-04-02T08:59:59.999Z', memory: known }).due).toBeUndefined()
  })

  test('after a week of rest the latest slot fires, not all of them', () => {
    const decision = decide({ now: '2026-04-08T12:00:00Z', memory: known })
    expect(decision.due).toBe(at('2026-04-08T09:00:00Z'))
    expect(decision.memory.scheduleFrom).toBe('2026-04-08T09:00:00Z')
  })

  test('F64 startingDeadlineSeconds bounds how late; what is too late is passed over for good', () => {
    const late = { now: '2026-04-08T09:10:01Z', memory: known, startingDeadlineSeconds: 600 }
    expect(decide(late)).toMatchObject({ missed: at('2026-04-08T09:00:00Z') })
    expect(decide(late).due).toBeUndefined()
    expect(decide({ ...late, now: '2026-04-08T09:10:00Z' }).due).toBe(at('2026-04-08T09:00:00Z'))
    expect(decide({ ...late, memory: decide(late).memory }).missed).toBeUndefined()
  })

  test('another schedule, another zone, or the end of a suspension holds from now on', () => {
    const now = '2026-04-02T15:00:00Z'
    expect(decide({ now, memory: { ...known, schedule: '0 8 * * *' } }).due).toBeUndefined()
    expect(decide({ now, memory: known, timeZone: 'Europe/Berlin' }).due).toBeUndefined()
    expect(decide({ now, memory: {} }).due).toBeUndefined()
    expect(decide({ now, memory: known }).due).toBe(at('2026-04-02T09:00:00Z'))
  })

  test('a clock that was put back fires nothing again under another name', () => {
    const first = decide({ now: '2026-04-02T09:00:00Z', memory: known })
    const back = decide({ now: '2026-04-02T08:30:00Z', memory: first.memory })
    expect(back.due).toBeUndefined()
    expect(decide({ now: '2026-04-02T09:00:00Z', memory: back.memory }).due).toBeUndefined()
    expect(slotDelivery(first.due ?? 0)).toBe('cron:2026-04-02T09:00:00Z')
  })
})
