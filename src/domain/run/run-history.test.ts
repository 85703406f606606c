import { expect, test } from 'vitest'
import { apiVersion, type SwarmRun } from '../../api/v1alpha1/index.ts'
import { expiredRuns } from './run-history.ts'

const now = Date.parse('2026-04-23T03:00:00Z')
const runOf = (name: string, phase: 'Running' | 'Succeeded' | 'Failed', minutesAgo: number): SwarmRun => ({
  apiVersion,
  kind: 'SwarmRun',
  metadata: { name, namespace: 'n' },
  spec: { agent: 'a', prompt: 'p' },
  status: {
    phase,
    ...(phase === 'Running' ? {} : { completionTime: new Date(now - minutesAgo * 60_000).toISOString() }),
  },
})
const runs = [
  runOf('s2', 'Succeeded', 20),
  runOf('s1', 'Succeeded', 10),
  runOf('f1', 'Failed', 5),
  runOf('long', 'Running', 600),
]
const gone = (limits: Parameters<typeof expiredRuns>[0]['limits']) =>
  expiredRuns({ limits, runs, now }).expired.map(({ metadata }) => metadata.name)

test('the newest of each kind stay, and what has not ended always does', () => {
  expect(gone({ succeeded: 1, failed: 1 })).toEqual(['s2'])
  expect(gone({ succeeded: 0, failed: 0 }).toSorted()).toEqual(['f1', 's1', 's2'])
})

test('what is kept too long goes as well, and when the next goes is told', () => {
  const limits = { succeeded: 9, failed: 9, retainMs: 15 * 60_000 }
  expect(gone(limits)).toEqual(['s2'])
  expect(expiredRuns({ limits, runs, now }).nextAt).toBe(now + 5 * 60_000)
})
