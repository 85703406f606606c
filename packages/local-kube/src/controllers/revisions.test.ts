import { describe, expect, it } from 'vitest'
import type { ReplicaSet } from '../client/kubernetes-types.ts'
import { planRevisions } from './revisions.ts'

const set = (revision: string, history?: string): ReplicaSet => ({
  metadata: {
    name: revision,
    uid: revision,
    resourceVersion: '1',
    annotations: {
      'deployment.kubernetes.io/revision': revision,
      ...(history && { 'deployment.kubernetes.io/revision-history': history }),
    },
  },
  spec: { selector: {}, template: { spec: { containers: [] } } },
})

describe('revision numbers', () => {
  it('begin with 1 and grow with each new template', () => {
    expect(planRevisions({ newest: undefined, older: [] })).toEqual({ revision: '1' })
    expect(planRevisions({ newest: undefined, older: [set('1'), set('4')] })).toEqual({ revision: '5' })
  })
  it('stay while nothing changes', () => {
    expect(planRevisions({ newest: set('5'), older: [set('4')] })).toEqual({ revision: '5' })
  })
  it('move on when an old template returns, which remembers the numbers it had', () => {
    expect(planRevisions({ newest: set('1'), older: [set('2')] })).toEqual({ revision: '3', history: '1' })
    expect(planRevisions({ newest: set('3', '1'), older: [set('4')] })).toEqual({
      revision: '5',
      history: '1,3',
    })
  })
})
