import { expect, test } from 'vitest'
import { dataFlow } from './data-flow.ts'

const flowOf = (inputs: Readonly<Record<string, string>> | undefined) =>
  dataFlow({
    roles: [{ name: 'a', swarmAgent: 'agent-a' }, { name: 'b' }, { name: 'c' }],
    pipeline: [
      { role: 'a' },
      { role: 'b', dependsOn: ['a'], inputs: { x: 'nothing' } },
      { role: 'c', dependsOn: ['b'], ...(inputs === undefined ? {} : { inputs }) },
    ],
  }).at(2)

test.each([
  { reason: 'a step without inputs is given the run’s', inputs: undefined, from: [], takesInput: true },
  { reason: 'waiting hands over nothing', inputs: { x: 'plain' }, from: [], takesInput: false },
  { reason: 'an output named', inputs: { x: '{{ .steps.a.output }}' }, from: ['a'], takesInput: false },
  { reason: 'a field of an output', inputs: { x: '{{ .steps.a.data.id }}' }, from: ['a'], takesInput: false },
  { reason: 'a status is our own word', inputs: { x: '{{ .steps.a.status }}' }, from: [], takesInput: false },
  {
    reason: 'a variable',
    inputs: { x: '{{ $s := .steps.b }}{{ $s.output }}' },
    from: ['b'],
    takesInput: false,
  },
  {
    reason: 'all steps at once',
    inputs: { x: '{{ range .steps }}{{ .output }}{{ end }}' },
    from: ['b', 'a'],
    takesInput: false,
  },
  {
    reason: 'a step found by data',
    inputs: { x: '{{ index .steps .input.which "output" }}' },
    from: ['b', 'a'],
    takesInput: true,
  },
  { reason: 'everything', inputs: { x: '{{ toJson . }}' }, from: ['b', 'a'], takesInput: true },
  { reason: 'a template nobody can read', inputs: { x: '{{ .steps.a' }, from: ['b', 'a'], takesInput: true },
])('$reason', ({ inputs, from, takesInput }) => {
  expect(flowOf(inputs)).toEqual({ name: 'c', agent: undefined, from, takesInput })
})

test('a team without a pipeline is taken for one in which everybody tells everybody everything', () => {
  const roles = [{ name: 'a', swarmAgent: 'agent-a' }, { name: 'b', swarmAgent: 'agent-b' }, { name: 'c' }]
  const everything = [
    { name: 'a', agent: 'agent-a', from: ['b', 'c'], takesInput: true },
    { name: 'b', agent: 'agent-b', from: ['a', 'c'], takesInput: true },
    { name: 'c', agent: undefined, from: ['a', 'b'], takesInput: true },
  ]
  expect(dataFlow({ roles })).toEqual(everything)
  expect(dataFlow({ roles, pipeline: [] })).toEqual(everything)
})
