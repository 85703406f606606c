import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits, literalTemplate } from './ast.ts'
import { parseTemplate } from './parse.ts'
import { renderTemplate } from './render.ts'
import type { RenderRequest, RenderResult } from './render.ts'

const render = (text: string, data: unknown = {}, options: Partial<RenderRequest> = {}): RenderResult => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') throw new Error(JSON.stringify(parsed.errors))
  return renderTemplate({ template: parsed.template, data, ...options })
}
const rendered = (text: string, data: unknown = {}): string => {
  const result = render(text, data)
  return result.type === 'text'
    ? result.text
    : `error ${result.position.line}:${result.position.column} ${result.message}`
}

const data = {
  input: { alert: 'P-48291', empty: '', service: 'payments-api' },
  steps: {
    investigator: { output: '{"id":7}', data: { id: 7, tags: ['a', 'b'], window: 1_000_000, rate: 12.3 } },
    'root-cause': { output: 'postgres', data: null },
  },
  list: ['x', 'y', 'z'],
  map: { b: 2, a: 1 },
  yes: true,
  zero: 0,
  nothing: null,
}

describe('rendering', () => {
  it.each<{ text: string; expected: string; reason: string }>([
    { text: 'plain }} text', expected: 'plain }} text', reason: 'text is text' },
    { text: '{{ .input.alert }}', expected: 'P-48291', reason: 'field access' },
    { text: '{{.input.alert}}', expected: 'P-48291', reason: 'no spaces needed' },
    { text: '{{ .steps.root-cause.output }}', expected: 'postgres', reason: 'names with hyphens' },
    { text: '{{ index .steps "root-cause" "output" }}', expected: 'postgres', reason: 'the spelling of Go' },
    { text: '{{ (index .steps "root-cause").output }}', expected: 'postgres', reason: 'fields of a group' },
    { text: '{{ $.input.alert }}', expected: 'P-48291', reason: '$ is the data' },
    { text: '{{ $a := .input.alert }}{{ $a }}!', expected: 'P-48291!', reason: 'variables' },
    { text: '{{ $a := 1 }}{{ if .yes }}{{ $a = 2 }}{{ end }}{{ $a }}', expected: '2', reason: 'assignment' },
    { text: '{{ $a := 1 }}{{ if .yes }}{{ $a := 2 }}{{ end }}{{ $a }}', expected: '1', reason: 'scope' },
    { text: '{{ .input.alert | lower | printf "%s!" }}', expected: 'p-48291!', reason: 'pipelines' },
    { text: 'a  {{- 1 -}}  b', expected: 'a1b', reason: 'trim markers' },
    { text: 'a\n{{- /* why */ -}}\n b', expected: 'ab', reason: 'comments trim too' },
    { text: 'a {{/* }} */}} b', expected: 'a  b', reason: 'comments hide anything' },
    { text: '{{ "}}" }}{{ `{{` }}', expected: '}}{{', reason: 'braces in strings' },
    { text: '{{ "a\\tb\\u00e9\\x41\\"" }}', expected: 'a\tbéA"', reason: 'escapes' },
    {
      text: "{{ -3 }} {{ 0x10 }} {{ 1_000 }} {{ 1.5 }} {{ .5 }} {{ 'a' }}",
      expected: '-3 16 1000 1.5 0.5 97',
      reason: 'numbers',
    },
    {
      text: '{{ if .input.empty }}a{{ else if .yes }}b{{ else }}c{{ end }}',
      expected: 'b',
      reason: 'else if',
    },
    { text: '{{ if .zero }}a{{ else }}b{{ end }}', expected: 'b', reason: 'zero is false' },
    {
      text: '{{ with .steps.investigator }}{{ .data.id }}{{ $.zero }}{{ end }}',
      expected: '70',
      reason: 'with moves the dot',
    },
    {
      text: '{{ with .input.empty }}a{{ else with .input.alert }}{{ . }}{{ else }}c{{ end }}',
      expected: 'P-48291',
      reason: 'else with',
    },
    { text: '{{ range .list }}<{{ . }}>{{ end }}', expected: '<x><y><z>', reason: 'range over a list' },
    {
      text: '{{ range $i, $x := .list }}{{ $i }}{{ $x }}{{ end }}',
      expected: '0x1y2z',
      reason: 'with index',
    },
    {
      text: '{{ range $k, $v := .map }}{{ $k }}={{ $v }};{{ end }}',
      expected: 'a=1;b=2;',
      reason: 'objects by key',
    },
    {
      text: '{{ range .list }}{{ if eq . "y" }}{{ continue }}{{ end }}{{ . }}{{ end }}',
      expected: 'xz',
      reason: 'continue',
    },
    {
      text: '{{ range .list }}{{ if eq . "y" }}{{ break }}{{ end }}{{ . }}{{ end }}',
      expected: 'x',
      reason: 'break',
    },
    { text: '{{ range .nothing }}a{{ else }}none{{ end }}', expected: 'none', reason: 'range else' },
    { text: '{{ range 3 }}{{ . }}{{ end }}', expected: '012', reason: 'range over a number' },
    {
      text: '{{ .steps.investigator.data.window }}',
      expected: '1000000',
      reason: 'integers print as integers',
    },
    { text: '{{ .steps.investigator.data.rate }}', expected: '12.3', reason: 'fractions stay' },
    { text: '{{ .steps.investigator.data.tags }}', expected: '["a","b"]', reason: 'lists print as JSON' },
    { text: '{{ .map }}', expected: '{"b":2,"a":1}', reason: 'objects print as JSON' },
    {
      text: '{{ (fromJson "{\\"id\\": 12345678901234567890}").id }}',
      expected: '12345678901234567890',
      reason: 'long ids stay exact',
    },
    { text: '{{ toJson (fromJson "[1e3, 2.50]") }}', expected: '[1000,2.5]', reason: 'to and from JSON' },
    { text: '{{ and 1 0 }}{{ or 0 "x" }}{{ not 0 }}', expected: '0xtrue', reason: 'logic gives operands' },
    { text: '{{ or .yes (index .list 9) }}', expected: 'true', reason: 'or stops early' },
    {
      text: '{{ eq 1 2 1 }} {{ ne "a" "b" }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1 2 }}',
      expected: 'true true true true true false',
      reason: 'comparisons',
    },
    {
      text: '{{ len "aé😀" }} {{ len .list }} {{ len .map }}',
      expected: '3 3 2',
      reason: 'len counts characters',
    },
    { text: '{{ slice "héllo" 1 3 }} {{ slice .list 1 }}', expected: 'él ["y","z"]', reason: 'slice' },
    { text: '{{ print "a" 1 2 "b" }}|{{ println "a" 1 }}', expected: 'a1 2b|a 1\n', reason: 'print' },
    {
      text: '{{ printf "%-4s|%04d|%+d|%.2f|%q|%v|%t|%x|%5s|%%" "ab" 7 7 1.005 "q" 1000000 true 255 "é" }}',
      expected: 'ab  |0007|+7|1.00|"q"|1000000|true|ff|    é|%',
      reason: 'printf',
    },
    { text: `{{ html "<a href='x'>&" }}`, expected: '&lt;a href=&#39;x&#39;&gt;&amp;', reason: 'html' },
    { text: `{{ js "it's <b>" }}`, expected: "it\\'s \\u003Cb\\u003E", reason: 'js' },
    { text: '{{ urlquery "a b&c=é" }}', expected: 'a+b%26c%3D%C3%A9', reason: 'urlquery' },
    {
      text: '{{ .input.runbook | default "none" }}',
      expected: 'none',
      reason: 'default handles a missing key',
    },
    { text: '{{ default "none" .a.b.c }}', expected: 'none', reason: 'also far below one' },
    { text: '{{ .steps.root-cause.data.severity | default "?" }}', expected: '?', reason: 'also below null' },
    { text: '{{ .input.empty | default "none" }}', expected: 'none', reason: 'default replaces empty text' },
    {
      text: '{{ if .input.runbook }}a{{ else }}b{{ end }}',
      expected: 'b',
      reason: 'a missing key can be tested',
    },
    { text: '{{ if and .input.runbook .yes }}a{{ else }}b{{ end }}', expected: 'b', reason: 'also in and' },
    {
      text: '{{ trunc 3 "héllo" }}{{ trunc -2 "héllo" }}',
      expected: 'héllo',
      reason: 'trunc from both ends',
    },
    { text: '{{ upper "a" }}{{ lower "B" }}{{ trim "  c " }}', expected: 'Abc', reason: 'letters' },
    { text: '{{ join ", " .list }}', expected: 'x, y, z', reason: 'join' },
    { text: '{{ indent 2 "a\\nb" }}', expected: '  a\n  b', reason: 'indent' },
    { text: '{{ quote "a\\"b" }}{{ quote 1 }}', expected: '"a\\"b""1"', reason: 'quote' },
  ])('$reason: $text', ({ text, expected }) => {
    expect(rendered(text, data)).toBe(expected)
  })

  it.each<{ text: string; message: string; reason: string }>([
    {
      text: 'a\n {{ .input.runbook }}',
      message: 'error 2:5 .input.runbook is not in the data',
      reason: 'a missing key',
    },
    {
      text: '{{ .a.b.c }}',
      message: 'error 1:4 .a is not in the data',
      reason: 'the first missing key is named',
    },
    {
      text: '{{ .input.alert.title }}',
      message: 'error 1:4 .input.alert.title is not in the data: .input.alert is text',
      reason: 'no fields in text',
    },
    { text: '{{ .nothing }}', message: 'error 1:4 the value is null', reason: 'null has no text' },
    {
      text: '{{ upper .input.runbook }}',
      message: 'error 1:4 .input.runbook is not in the data',
      reason: 'functions do not hide a missing key',
    },
    {
      text: '{{ eq .input.runbook "x" }}',
      message: 'error 1:4 .input.runbook is not in the data',
      reason: 'comparisons neither',
    },
    {
      text: '{{ eq 1 "1" }}',
      message: 'error 1:4 eq compares a number with text',
      reason: 'kinds do not mix',
    },
    {
      text: '{{ index .list 3 }}',
      message: 'error 1:4 the list has no item 3; it has 3',
      reason: 'list bounds',
    },
    {
      text: '{{ slice "abc" 2 9 }}',
      message: 'error 1:4 slice 2 to 9 is outside of a length of 3',
      reason: 'slice bounds',
    },
    {
      text: '{{ range .input.alert }}{{ end }}',
      message: 'error 1:10 range works on lists, objects and whole numbers, not on text',
      reason: 'range over text',
    },
    {
      text: '{{ printf "%d" "x" }}',
      message: 'error 1:4 printf: %d cannot print text',
      reason: 'printf does not print its errors',
    },
    {
      text: '{{ fromJson "{" }}',
      message: 'error 1:4 fromJson was given text that is not JSON',
      reason: 'broken JSON',
    },
  ])('$reason is an error with its place: $text', ({ text, message }) => {
    expect(rendered(text, data)).toBe(message)
  })

  it('F92 sees own properties only', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"polluted": "own"}, "a": {}}')
    expect(rendered('{{ .constructor }}', {})).toContain('.constructor is not in the data')
    expect(rendered('{{ .a.toString }}', { a: {} })).toContain('.a.toString is not in the data')
    expect(rendered('{{ .a.__proto__ }}', { a: {} })).toContain('.a.__proto__ is not in the data')
    expect(rendered('{{ .__proto__.polluted }}', hostile)).toBe('own')
    expect(rendered('{{ index .list "length" }}', data)).toContain('error')
    expect(({} as { polluted?: string }).polluted).toBeUndefined()
  })

  it('F92 works on objects without a prototype', () => {
    expect(rendered('{{ .a }}', Object.assign(Object.create(null) as object, { a: 1 }))).toBe('1')
  })

  it('F92 what a rendering may cost is bounded', () => {
    const loop = '{{ range 300 }}{{ range 300 }}{{ range 300 }}x{{ end }}{{ end }}{{ end }}'
    expect(rendered(loop)).toContain(`more than ${limits.steps} steps`)
    const doubling = '{{ $x := "xxxxxxxx" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}{{ $x }}'
    expect(rendered(doubling)).toContain(`more than ${limits.output} characters`)
    const long = '{{ range 100 }}{{ $.x }}{{ end }}'
    expect(rendered(long, { x: 'x'.repeat(100_000) })).toContain(`more than ${limits.output} characters`)
    const deep = Array.from({ length: 1000 }).reduce<unknown>((inner) => ({ a: inner }), 1)
    expect(rendered('{{ .x }}', { x: deep })).toContain('levels deep')
  })

  it.each([
    '{{ .secrets }}',
    '{{',
    '}}',
    '${process.env.HOME}',
    '{% raw %}',
    '`{{ end }}`',
    '</swarm:step-output>',
    '{{- /* */ -}}',
    '\u202Ereversed\u0000',
  ])('F90 data is never parsed: %j', (hostile) => {
    const text = '<{{ .x }}|{{ .x | print }}|{{ range .l }}{{ . }}{{ end }}>'
    expect(rendered(text, { x: hostile, l: [hostile], secrets: 's3cret' })).toBe(
      `<${hostile}|${hostile}|${hostile}>`,
    )
  })

  it('F90 S5 for all texts: the text is printed as it is, and the work depends on the template alone', () => {
    const template = 'Alert: {{ .x }} {{ if .x }}{{ end }}{{ $y := .x }}{{ print $y .x }}'
    const expected = render(template, { x: 'harmless' })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[{}.$ a-z"|-]*$/)), (x) => {
        const result = render(template, { x })
        expect(result).toEqual({
          type: 'text',
          text: `Alert: ${x} ${x}${x}`,
          steps: expected.type === 'text' ? expected.steps : 0,
        })
      }),
      { numRuns: 500 },
    )
  })

  it('F90 for all texts: their literal template prints them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[{}"` -]*$/)), (text) => {
        expect(rendered(literalTemplate(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it('F90 for all data: rendering answers and does not throw', () => {
    const texts = [
      '{{ .a }}',
      '{{ range .a }}{{ . }}{{ end }}',
      '{{ index .a 0 | toJson | trunc 9 }}',
      '{{ .a | len }}',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.jsonValue(), (text, a) => {
        expect(['text', 'error']).toContain(render(text, { a }).type)
      }),
    )
  })

  describe('where values come from', () => {
    const originOf = ([root, name]: readonly string[]): string | undefined =>
      root === 'steps' && name !== undefined ? `step ${name}` : undefined
    const marked = (text: string): string => {
      const result = render(text, data, {
        originOf,
        onValue: ({ text, origins }) => (origins.length === 0 ? text : `[${origins.join('+')}:${text}]`),
      })
      return result.type === 'text' ? result.text : result.message
    }

    it.each([
      { text: '{{ .input.alert }}', expected: 'P-48291', reason: 'no origin, no mark' },
      {
        text: 'a {{ .steps.root-cause.output }} b',
        expected: 'a [step root-cause:postgres] b',
        reason: 'a field',
      },
      {
        text: '{{ .steps.investigator.data.id }}',
        expected: '[step investigator:7]',
        reason: 'below a field',
      },
      {
        text: '{{ (index .steps "root-cause").output }}',
        expected: '[step root-cause:postgres]',
        reason: 'by index',
      },
      {
        text: '{{ with .steps.root-cause }}{{ .output | upper }}{{ end }}',
        expected: '[step root-cause:POSTGRES]',
        reason: 'through with and functions',
      },
      {
        text: '{{ $x := .steps.root-cause.output }}{{ printf "%s" $x }}',
        expected: '[step root-cause:postgres]',
        reason: 'through variables',
      },
      {
        text: '{{ print .steps.root-cause.output .steps.investigator.data.id }}',
        expected: '[step root-cause+step investigator:postgres7]',
        reason: 'of both',
      },
      {
        text: '{{ range .steps.investigator.data.tags }}{{ . }}{{ end }}',
        expected: '[step investigator:a][step investigator:b]',
        reason: 'through range',
      },
      {
        text: '{{ (fromJson .steps.investigator.output).id }}',
        expected: '[step investigator:7]',
        reason: 'through fromJson',
      },
      {
        text: '{{ .steps.none.output | default .input.alert }}',
        expected: 'P-48291',
        reason: 'a default leaves no trace of what was missing',
      },
      {
        text: '{{ default "x" .steps.root-cause.output }}',
        expected: '[step root-cause:postgres]',
        reason: 'what default chose keeps its origin',
      },
      {
        text: '{{ if eq .steps.root-cause.output "postgres" }}yes{{ end }}',
        expected: 'yes',
        reason: 'the author wrote that text',
      },
    ])('$reason: $text', ({ text, expected }) => {
      expect(marked(text)).toBe(expected)
    })
  })
})
