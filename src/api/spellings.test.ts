import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from './resource.ts'
import { oneSpelling, writtenPath } from './spellings.ts'

const object = (kind: string, spec: unknown): KubernetesObject =>
  ({ apiVersion: 'kubeswarm.io/v1alpha1', kind, metadata: { name: 'x' }, spec }) as KubernetesObject

describe('oneSpelling', () => {
  it.each([
    {
      reason: 'the short form of a bearer token leaves the key open',
      kind: 'SwarmAgent',
      written: {
        tools: { mcp: [{ name: 'p', auth: { type: 'bearer', secretRef: { name: 's' } } }] },
      },
      read: { tools: { mcp: [{ name: 'p', auth: { bearer: { secretKeyRef: { name: 's' } } } }] } },
      paths: ['spec.tools.mcp[0].auth.secretRef'],
    },
    {
      reason: 'roles carry tools too',
      kind: 'SwarmTeam',
      written: {
        roles: [{ name: 'r', tools: { mcp: [{ auth: { type: 'bearer', secretRef: { name: 's' } } }] } }],
      },
      read: {
        roles: [{ name: 'r', tools: { mcp: [{ auth: { bearer: { secretKeyRef: { name: 's' } } } }] } }],
      },
      paths: ['spec.roles[0].tools.mcp[0].auth.secretRef'],
    },
    {
      reason: 'infrastructure fields at the top of spec move down, beside what is there',
      kind: 'SwarmAgent',
      written: { envFrom: [{ secretRef: { name: 'k' } }], infrastructure: { registryRef: { name: 'r' } } },
      read: { infrastructure: { registryRef: { name: 'r' }, envFrom: [{ secretRef: { name: 'k' } }] } },
      paths: ['spec.envFrom'],
    },
    {
      reason: 'a default filled in by the API server does not beat what the author wrote',
      kind: 'SwarmAgent',
      written: { networkPolicy: 'strict', infrastructure: { networkPolicy: 'default' } },
      read: { infrastructure: { networkPolicy: 'strict' } },
      paths: ['spec.networkPolicy'],
    },
    {
      reason: 'inputs of an event target',
      kind: 'SwarmEvent',
      written: { targets: [{ team: 't', inputs: { a: 'b' } }] },
      read: { targets: [{ team: 't', input: { a: 'b' } }] },
      paths: ['spec.targets[0].inputs'],
    },
    {
      reason: 'models of a policy',
      kind: 'SwarmPolicy',
      written: { models: { allow: ['a*'], deny: ['b*'] } },
      read: { models: { allowed: ['a*'], denied: ['b*'] } },
      paths: ['spec.models.allow', 'spec.models.deny'],
    },
  ])('reads one spelling: $reason', ({ kind, written, read, paths }) => {
    const result = oneSpelling(object(kind, written))
    expect(result.object).toEqual(object(kind, read))
    expect(result.notes.map(({ path }) => path)).toEqual(paths)
    expect(oneSpelling(result.object).object).toBe(result.object)
  })

  it('returns the very same object when there is nothing to rewrite', () => {
    const agent = object('SwarmAgent', {
      model: 'm',
      tools: { mcp: [{ name: 'a', auth: { bearer: { secretKeyRef: { name: 's', key: 'k' } } } }] },
    })
    expect(oneSpelling(agent).object).toBe(agent)
  })

  it('leads a path back to what the author wrote', () => {
    const { notes } = oneSpelling(object('SwarmEvent', { targets: [{ team: 't', inputs: { a: 'b' } }] }))
    expect(writtenPath(notes, 'spec.targets[0].input.a')).toBe('spec.targets[0].inputs.a')
    expect(writtenPath(notes, 'spec.targets[0].inputless')).toBe('spec.targets[0].inputless')
  })

  it('survives shapes the schema would refuse', () => {
    for (const spec of [
      undefined,
      null,
      3,
      [],
      { tools: [] },
      { tools: { mcp: [null, 3] } },
      { targets: {} },
    ])
      for (const kind of ['SwarmAgent', 'SwarmTeam', 'SwarmEvent', 'SwarmPolicy', 'Pod'])
        expect(oneSpelling(object(kind, spec)).notes).toEqual([])
  })
})
