import { expect, test } from 'vitest'
import { inputsToGive } from './inputs-to-give.ts'

type Team = Parameters<typeof inputsToGive>[0]

test.each<{ readonly reason: string; readonly spec: Team; readonly gives: readonly string[] }>([
  {
    reason: 'the story declares nothing and reads the alert twice',
    spec: {
      pipeline: [
        { role: 'a', inputs: { alert: '{{ .input.alert }}' } },
        { role: 'b', inputs: { alert: '{{ .input.alert }}', a: '{{ .steps.a.output }}' } },
      ],
    },
    gives: ['alert'],
  },
  {
    reason: 'a default, a value of the team and a guard stand in',
    spec: {
      inputs: [{ name: 'region', default: 'eu' }, { name: 'note' }, { name: 'service', required: true }],
      input: { channel: '#incidents' },
      pipeline: [
        {
          role: 'a',
          inputs: {
            text: '{{ .input.region }} {{ .input.channel }} {{ .input.note }} {{ .input.extra | default "" }}',
          },
        },
      ],
      output: '{{ .input.ticket }}',
    },
    gives: ['service', 'ticket'],
  },
  { reason: 'no template reads any', spec: { pipeline: [{ role: 'a' }] }, gives: [] },
])('a run has to bring $gives: $reason', ({ spec, gives }) => {
  expect(inputsToGive(spec)).toEqual(gives)
})
