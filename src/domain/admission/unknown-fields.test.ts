import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../api/resource.ts'
import { unknownFields } from './unknown-fields.ts'

const object = (more: object): KubernetesObject => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'a' },
  ...more,
})

describe('unknownFields', () => {
  it.each([
    { reason: 'a slip in spec', more: { spec: { modle: 'x' } }, path: 'spec.modle', remedy: '"model"' },
    {
      reason: 'a slip in a list',
      more: { spec: { tools: { mcp: [{ name: 'a' }, { nam: 'b' }] } } },
      path: 'spec.tools.mcp[1].nam',
      remedy: '"name"',
    },
    { reason: 'a slip at the top', more: { spce: {} }, path: 'spce', remedy: '"spec"' },
    { reason: 'a kind', more: { kind: 'SwarmAgnet' }, path: 'kind', remedy: '"SwarmAgent"' },
    { reason: 'a version', more: { apiVersion: 'kubeswarm.io/v1' }, path: 'apiVersion', remedy: 'v1alpha1' },
  ])('names what was probably meant: $reason', ({ more, path, remedy }) => {
    const [first, ...rest] = unknownFields(object(more))
    expect(rest).toEqual([])
    expect(first?.path).toBe(path)
    expect(first?.remedy).toContain(remedy)
  })

  it('knows free-form fields, maps and other spellings', () => {
    expect(
      unknownFields(
        object({
          spec: {
            capabilities: [{ name: 'a', inputSchema: { any: { thing: 1 } } }],
            guardrails: {
              tools: { constraints: [{ tool: 'a/b', args: { 'x.y': { const: { deep: 1 } } } }] },
            },
            envFrom: [{ secretRef: { name: 's' } }],
          },
          status: { whatever: true },
        }),
      ),
    ).toEqual([])
  })

  it('leaves other groups alone', () => {
    expect(unknownFields({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } })).toEqual([])
  })
})
