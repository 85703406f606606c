import { describe, expect, it } from 'vitest'
import { checkTemplate, openRoot } from './check.ts'
import type { KnownData, KnownRoot } from './check.ts'
import { parseTemplate } from './parse.ts'

const steps: KnownRoot = {
  noun: 'step',
  names: ['investigator', 'root-cause'],
  unusable: new Map([['notifier', { message: 'notifier comes later', remedy: 'add it to dependsOn' }]]),
  has: new Map([
    ['output', 'text'],
    ['data', 'open'],
  ]),
}
const input: KnownRoot = { noun: 'input', names: ['alert'], has: 'text' }
const known: KnownData = new Map([
  ['input', input],
  ['steps', steps],
  ['trigger', openRoot],
])

const faults = (text: string, data: KnownData = known): readonly string[] => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') throw new Error(JSON.stringify(parsed.errors))
  return checkTemplate({ template: parsed.template, known: data }).map(
    ({ position: { line, column }, message, remedy }) => `${line}:${column} ${message}; ${remedy ?? ''}`,
  )
}

describe('checking a template against what will be known', () => {
  it.each([
    '{{ .input.alert }} {{ .steps.root-cause.output }} {{ .steps.investigator.data.a.b }} {{ .trigger.body.x.y }}',
    '{{ index .steps "root-cause" "output" }}',
    '{{ with .steps.investigator }}{{ .output }}{{ end }}',
    '{{ $s := .steps }}{{ $s.investigator.output }}',
    '{{ range $name, $step := .steps }}{{ $step.whatever }}{{ .else }}{{ end }}',
    '{{ range .steps.investigator.data.items }}{{ .unknown }}{{ end }}',
    '{{ $x := .input.alert }}{{ if .input.alert }}{{ $x = "a" }}{{ end }}{{ $x.anything }}',
    '{{ . }}{{ $ }}',
  ])('accepts %s', (text) => {
    expect(faults(text)).toEqual([])
  })

  it.each([
    {
      text: 'a\n{{ .steps.investigater.output }}',
      expected: '2:4 the step "investigater" does not exist; did you mean investigator?',
    },
    { text: '{{ .input.alret }}', expected: '1:4 the input "alret" does not exist; did you mean alert?' },
    { text: '{{ .input.zzz }}', expected: '1:4 the input "zzz" does not exist; known inputs are alert' },
    { text: '{{ .inputs.alert }}', expected: '1:4 .inputs does not exist; did you mean .input?' },
    { text: '{{ .secrets }}', expected: '1:4 .secrets does not exist; there are .input, .steps, .trigger' },
    { text: '{{ .steps.notifier.output }}', expected: '1:4 notifier comes later; add it to dependsOn' },
    {
      text: '{{ .steps.investigator.ouput }}',
      expected: '1:4 the field "ouput" of .steps.investigator does not exist; did you mean output?',
    },
    {
      text: '{{ .steps.investigator.output.id }}',
      expected:
        '1:4 .steps.investigator.output is text and has no field "id"; use .steps.investigator.data.id when the step answers in JSON',
    },
    { text: '{{ .input.alert.title }}', expected: '1:4 .input.alert is text and has no field "title"; ' },
    {
      text: '{{ index .steps "nobody" "output" }}',
      expected: '1:4 the step "nobody" does not exist; known steps are investigator, root-cause',
    },
    {
      text: '{{ with .steps }}{{ .nobody.output }}{{ end }}',
      expected: '1:21 the step "nobody" does not exist; known steps are investigator, root-cause',
    },
    {
      text: '{{ if (eq .input.zzz "a") }}{{ end }}',
      expected: '1:11 the input "zzz" does not exist; known inputs are alert',
    },
    {
      text: '{{ print (.steps.nobody.output | upper) }}',
      expected: '1:11 the step "nobody" does not exist; known steps are investigator, root-cause',
    },
    {
      text: '{{ .input.zzz | default "x" }}',
      expected: '1:4 the input "zzz" does not exist; known inputs are alert',
    },
  ])('names the fault of $text', ({ text, expected }) => {
    expect(faults(text)).toEqual([expected])
  })

  describe('names that may miss', () => {
    const loose: KnownData = new Map([['input', { ...input, mayMiss: true }]])
    it.each([
      '{{ .input.x | default "a" }}',
      '{{ default "a" .input.x }}',
      '{{ .input.x | default (.input.alert | upper) }}',
      '{{ if .input.x }}{{ .input.x }}{{ end }}',
      '{{ with .input.x }}{{ . }}{{ end }}',
      '{{ if and .input.x .input.y }}{{ .input.x }}{{ .input.y }}{{ end }}',
      '{{ if not .input.x }}none{{ end }}',
      '{{ or .input.x .input.alert }}',
    ])('are no fault where that is handled: %s', (text) => {
      expect(faults(text, loose)).toEqual([])
    })

    it.each([
      '{{ .input.x }}',
      '{{ upper .input.x | default "a" }}',
      '{{ if .input.x }}{{ end }}{{ .input.x }}',
      '{{ if .input.x }}{{ else }}{{ .input.x }}{{ end }}',
      '{{ if not .input.x }}{{ .input.x }}{{ end }}',
      '{{ if or .input.x .input.y }}{{ .input.x }}{{ end }}',
      '{{ or .input.alert .input.x }}',
      '{{ if eq .input.x "a" }}{{ end }}',
    ])('are a fault where it is not: %s', (text) => {
      expect(faults(text, loose)).toHaveLength(1)
    })
  })
})
