import { expect, test } from 'vitest'
import type { SwarmAgent } from '../api/v1alpha1/index.ts'
import { waitingStep } from './wait-notices.ts'

const agent = (ready: object | undefined, replicas?: number) =>
  ({
    metadata: { name: 'helper' },
    spec: { model: 'm', ...(replicas === undefined ? {} : { runtime: { replicas } }) },
    status: { conditions: ready === undefined ? [] : [{ type: 'Ready', ...ready }] },
  }) as unknown as SwarmAgent

test.each([
  { reason: 'gone', found: undefined, says: 'which does not exist' },
  { reason: 'paused', found: agent({ status: 'True' }, 0), says: 'which has no replicas' },
  { reason: 'busy', found: agent({ status: 'True' }), says: 'whose replicas are all busy' },
  { reason: 'new', found: agent(undefined), says: 'which the operator has not looked at yet' },
  {
    reason: 'stuck',
    found: agent({ status: 'False', reason: 'Progressing', message: 'no pod starts' }),
    says: 'which is not ready: no pod starts [Progressing]',
  },
])('a step that waits for an agent that is $reason says so', ({ found, says }) => {
  expect(waitingStep({ step: 'read', agent: 'ns/helper', found })).toBe(
    `  waiting: step "read" needs SwarmAgent ns/helper, ${says}${says.includes('no replicas') ? ' (spec.runtime.replicas is 0)' : ''}`,
  )
})
