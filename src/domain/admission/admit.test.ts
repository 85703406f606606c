import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { admit } from './admit.ts'
import {
  manifest,
  notifier,
  team,
  policy,
  run,
  event,
  agents,
  everything,
  errorPaths,
} from './admit.fixtures.ts'

describe('the incident response manifests', () => {
  it.each([...agents, team, run, event].map((object) => [object.metadata.name, object] as const))(
    '%s is admitted without a word',
    (_, object) => {
      expect(admit({ object, context: everything })).toMatchObject({ errors: [], warnings: [] })
    },
  )

  it('a policy is admitted and names the agents it outlaws', () => {
    const { errors, warnings } = admit({ object: policy, context: everything })
    expect(errors).toEqual([])
    expect(warnings).toEqual([
      'SwarmPolicy incident-response/incident-policy: spec.limits.maxTokensPerCall: SwarmAgent incident-investigator spec.guardrails.limits.tokensPerCall 4000 is above 3000. The agent keeps running, within the policy.',
    ])
  })
})

describe('admit', () => {
  const broken = manifest(
    'SwarmAgent',
    'a',
    'model: m\nprompt: {inline: x}\nguardrails: {tools: {deny: [shell]}}\n',
  )

  it('lets an object go', () => {
    const going = {
      ...broken,
      metadata: { ...broken.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    }
    expect(admit({ object: going, oldObject: broken }).errors).toEqual([])
  })

  it('does not judge a spec again for a new label', () => {
    const labelled = { ...broken, metadata: { ...broken.metadata, labels: { a: 'b' } } }
    expect(admit({ object: labelled, oldObject: broken }).errors).toEqual([])
    expect(admit({ object: labelled }).errors).toHaveLength(1)
  })

  it('answers an object of another shape field by field', () => {
    const object = {
      ...broken,
      spec: { prompt: 3, tools: { mcp: [{ name: 3, transport: 'carrier-pigeon' }] } },
    } as KubernetesObject
    expect(errorPaths(object).toSorted()).toEqual(
      ['spec.model', 'spec.prompt', 'spec.tools.mcp[0].name', 'spec.tools.mcp[0].transport'].toSorted(),
    )
    expect(errorPaths({ ...broken, spec: undefined } as KubernetesObject)).toEqual(['spec'])
  })

  it('notes another spelling and says nothing aloud', () => {
    const { warnings, notes } = admit({ object: notifier, context: everything })
    expect(warnings).toEqual([])
    expect(notes.map(({ path }) => path)).toEqual(['spec.tools.mcp[1].auth.secretRef'])
  })
})
