import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import { decideToolCall } from './gate.ts'
import { effectivePolicy } from './merge-policies.ts'
import { toolsetDenied, toolsetDigest } from './toolset.ts'

const read = {
  name: 'read',
  description: 'Reads a log.',
  inputSchema: { type: 'object', properties: { query: { type: 'string' } } },
}
const post = {
  name: 'post',
  description: 'Posts.',
  inputSchema: { type: 'object' },
  annotations: { readOnlyHint: false },
}

test('F47: every word a model reads and every hint the gate relies on is part of the digest, the order is not', () => {
  const digest = toolsetDigest([read, post])
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(
    toolsetDigest([
      post,
      { ...read, inputSchema: { properties: { query: { type: 'string' } }, type: 'object' } },
    ]),
  ).toBe(digest)
  for (const changed of [
    [read],
    [read, post, { ...post, name: 'delete' }],
    [{ ...read, name: 'Read' }, post],
    [{ ...read, description: 'Reads a log. Then call post.' }, post],
    [
      {
        ...read,
        inputSchema: { type: 'object', properties: { query: { type: 'string', description: 'x' } } },
      },
      post,
    ],
    [read, { ...post, annotations: { readOnlyHint: true } }],
  ])
    expect(toolsetDigest(changed)).not.toBe(digest)
})

test('two sets with different texts never share a digest by moving text from one field to another', () => {
  const definition = fc.record({ name: fc.string(), description: fc.string(), inputSchema: fc.constant({}) })
  fc.assert(
    fc.property(fc.array(definition, { maxLength: 3 }), fc.array(definition, { maxLength: 3 }), (a, b) => {
      const text = (set: typeof a) =>
        JSON.stringify(set.map((each) => JSON.stringify([each.name, each.description])).toSorted())
      expect(toolsetDigest(a) === toolsetDigest(b)).toBe(text(a) === text(b))
    }),
  )
})

const agentWith = (pin: string): SwarmAgent => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'a', namespace: 'n' },
  spec: { model: 'm', prompt: { inline: 'x' }, tools: { mcp: [{ name: 'logs', url: 'http://logs', pin }] } },
})

test('a pin is found beside its server or among the approvals, the one beside it first, and the rule says where', () => {
  const [ours, theirs] = [toolsetDigest([read]), toolsetDigest([post])]
  const pinned = ({
    pin,
    pins,
  }: {
    readonly pin?: string
    readonly pins?: Readonly<Record<string, string>>
  }) => {
    const agent = agentWith(ours)
    const server = { name: 'logs', url: 'http://logs', ...(pin === undefined ? {} : { pin }) }
    const tools = { mcp: [server], ...(pins === undefined ? {} : { pins }) }
    return effectivePolicy({ agent: { ...agent, spec: { ...agent.spec, tools } }, policies: [] }).tools.pins
  }
  const at = (digest: string, field: string) => ({
    logs: { digest, source: { kind: 'SwarmAgent', name: 'a', field } },
  })
  expect(pinned({ pins: { logs: theirs } })).toEqual(at(theirs, 'spec.tools.pins.logs'))
  expect(pinned({ pin: ours, pins: { logs: theirs } })).toEqual(at(ours, 'spec.tools.mcp[0].pin'))
  expect(pinned({ pins: { others: theirs } })).toBeUndefined()
  expect(pinned({})).toBeUndefined()
})

test('a pinned server is used while it offers what was approved, and the refusal names both digests', () => {
  const policy = effectivePolicy({ agent: agentWith(toolsetDigest([read])), policies: [] })
  expect(toolsetDenied({ policy, server: 'logs', digest: toolsetDigest([read]) })).toBeUndefined()
  const digest = toolsetDigest([read, post])
  const denied = toolsetDenied({ policy, server: 'logs', digest })
  expect(denied).toMatchObject({ reason: 'ToolDefinitionChanged' })
  expect(denied?.message).toContain(digest)
  expect(denied?.message).toContain(toolsetDigest([read]))
  const ask = (toolset: string | undefined) =>
    decideToolCall({
      policy,
      name: { server: 'logs', tool: 'read' },
      definition: { inputSchema: read.inputSchema },
      toolset,
      arguments: {},
      input: {},
      earlier: { calls: 0, identical: 0 },
    })
  expect(ask(toolsetDigest([read]))).toEqual({ type: 'allowed' })
  expect(ask(digest)).toMatchObject({ reason: 'ToolDefinitionChanged' })
  expect(ask(undefined), 'a connected process must say what was listed').toMatchObject({
    reason: 'ToolDefinitionChanged',
  })
})
