import { expect, test } from 'vitest'
import { apiVersion, type SwarmRun, type SwarmTeam } from '../../api/v1alpha1/index.ts'
import { expiredRuns } from '../../domain/run/run-history.ts'
import { durationMs, historyLimits, teamStatus } from './team-status.ts'

const now = Date.parse('2026-04-23T03:00:00Z')
const teamOf = (spec: Partial<SwarmTeam['spec']> = {}): SwarmTeam => ({
  apiVersion,
  kind: 'SwarmTeam',
  metadata: { name: 't', namespace: 'n', generation: 2 },
  spec: { roles: [{ name: 'a', swarmAgent: 'agent-a' }], ...spec },
})
const runOf = (name: string, phase: 'Running' | 'Succeeded' | 'Failed', minutesAgo: number): SwarmRun => ({
  apiVersion,
  kind: 'SwarmRun',
  metadata: { name, namespace: 'n', creationTimestamp: new Date(now - minutesAgo * 60_000).toISOString() },
  spec: { teamRef: 't' },
  status: {
    phase,
    ...(phase === 'Running' ? {} : { completionTime: new Date(now - minutesAgo * 60_000).toISOString() }),
  },
})
const names = (runs: readonly SwarmRun[]) => runs.map(({ metadata }) => metadata.name).toSorted()

test('the newest of each kind are kept, running ones always', () => {
  const runs = [
    runOf('s1', 'Succeeded', 1),
    runOf('s2', 'Succeeded', 2),
    runOf('s3', 'Succeeded', 3),
    runOf('f1', 'Failed', 4),
    runOf('f2', 'Failed', 5),
    runOf('r', 'Running', 600),
  ]
  const team = teamOf({ successfulRunsHistoryLimit: 2, failedRunsHistoryLimit: 0 })
  expect(names(expiredRuns({ limits: historyLimits(team), runs, now }).expired)).toEqual(['f1', 'f2', 's3'])
})

test('runs go when they are older than runRetainFor, and the next to go is known', () => {
  const runs = [runOf('young', 'Succeeded', 10), runOf('old', 'Succeeded', 90)]
  const { expired, nextAt } = expiredRuns({
    limits: historyLimits(teamOf({ runRetainFor: '1h' })),
    runs,
    now,
  })
  expect(names(expired)).toEqual(['old'])
  expect(nextAt).toBe(now + 50 * 60_000)
})

test.each([
  { text: '1h30m', ms: 5_400_000 },
  { text: '1.5s', ms: 1_500 },
  { text: '250ms', ms: 250 },
  { text: 'soon', ms: undefined },
  { text: '5 m', ms: undefined },
])('the duration $text is $ms ms', ({ text, ms }) => {
  expect(durationMs(text)).toBe(ms)
})

test('a role whose agent does not exist is named, with what to do', () => {
  const status = teamStatus({ team: teamOf(), agents: () => undefined, runs: [], errors: [], now })
  expect(status).toMatchObject({ phase: 'Pending', observedGeneration: 2 })
  expect(status.conditions?.[0]).toMatchObject({ status: 'False', reason: 'RolesNotReady' })
  expect(status.conditions?.[0]?.message).toContain('SwarmAgent "agent-a" does not exist')
})

test('the same state gives the same status, transition time included (K5)', () => {
  const status = teamStatus({ team: teamOf(), agents: () => undefined, runs: [], errors: [], now })
  const later = {
    team: { ...teamOf(), status },
    agents: () => undefined,
    runs: [],
    errors: [],
    now: now + 60_000,
  }
  expect(teamStatus(later)).toEqual(status)
})

test('runs without any label count for their team (W14)', () => {
  const runs = [runOf('one', 'Succeeded', 20), runOf('two', 'Running', 10)]
  expect(teamStatus({ team: teamOf(), agents: () => undefined, runs, errors: [], now })).toMatchObject({
    phase: 'Running',
    lastRunName: 'two',
    lastRunPhase: 'Running',
  })
})
