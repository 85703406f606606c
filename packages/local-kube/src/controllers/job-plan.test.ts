import { describe, expect, it } from 'vitest'
import type { Job, Pod } from '../client/kubernetes-types.ts'
import { planJob } from './job-plan.ts'

const at = Date.parse('2026-01-01T00:01:00Z')

const job = (spec: Partial<Job['spec']> = {}, status: Job['status'] = {}): Job => ({
  metadata: { name: 'j', namespace: 'n', uid: 'j', resourceVersion: '1' },
  spec: {
    completions: 1,
    parallelism: 1,
    template: { spec: { restartPolicy: 'Never', containers: [] } },
    ...spec,
  },
  status: { startTime: '2026-01-01T00:00:00Z', ...status },
})

const pod = (name: string, phase: string, finishedAt = '2026-01-01T00:00:00Z'): Pod => ({
  metadata: { name, uid: name, resourceVersion: '1' },
  spec: { containers: [] },
  status: {
    phase,
    ...(phase === 'Failed' && {
      containerStatuses: [
        {
          name: 'c',
          image: '',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { terminated: { exitCode: 1, finishedAt } },
        },
      ],
    }),
  },
})

const verdict = (plan: ReturnType<typeof planJob>) =>
  plan.status.conditions?.map(({ type, reason }) => [type, reason])

describe('a Job', () => {
  it('starts as many pods at once as it may and still needs', () => {
    expect(planJob({ job: job({ completions: 5, parallelism: 3 }), pods: [], at }).create).toBe(3)
    const pods = [pod('a', 'Succeeded'), pod('b', 'Succeeded'), pod('c', 'Running')]
    expect(planJob({ job: job({ completions: 3, parallelism: 3 }), pods, at }).create).toBe(0)
  })

  it('is complete when enough pods succeeded', () => {
    const plan = planJob({ job: job(), pods: [pod('a', 'Succeeded')], at })
    expect(verdict(plan)).toEqual([['Complete', 'CompletionsReached']])
    expect(plan.status).toMatchObject({ succeeded: 1, active: 0 })
  })

  it('replaces a failed pod only after its delay, and gives up past the backoff limit', () => {
    const fresh = planJob({ job: job(), pods: [pod('a', 'Failed', '2026-01-01T00:00:55Z')], at })
    expect(fresh).toMatchObject({ create: 0, againIn: 5_000 })
    expect(planJob({ job: job(), pods: [pod('a', 'Failed')], at }).create).toBe(1)
    const over = planJob({
      job: job({ backoffLimit: 1 }),
      pods: [pod('a', 'Failed'), pod('b', 'Failed')],
      at,
    })
    expect(verdict(over)).toEqual([['Failed', 'BackoffLimitExceeded']])
  })

  it('fails at its deadline and stops what runs', () => {
    const plan = planJob({ job: job({ activeDeadlineSeconds: 60 }), pods: [pod('a', 'Running')], at })
    expect(verdict(plan)).toEqual([['Failed', 'DeadlineExceeded']])
    expect(plan.remove).toHaveLength(1)
  })

  it('stops its pods while suspended and says so', () => {
    const plan = planJob({ job: job({ suspend: true }), pods: [pod('a', 'Running')], at })
    expect(plan.remove).toHaveLength(1)
    expect(verdict(plan)).toEqual([['Suspended', 'JobSuspended']])
  })

  it('goes when its time to live after the end is over, and not before', () => {
    const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-01-01T00:00:30Z' }]
    expect(
      planJob({ job: job({ ttlSecondsAfterFinished: 30 }, { conditions }), pods: [], at }).isExpired,
    ).toBe(true)
    const early = planJob({ job: job({ ttlSecondsAfterFinished: 40 }, { conditions }), pods: [], at })
    expect(early).toMatchObject({ isExpired: false, againIn: 10_000 })
  })
})
