import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from './ast.ts'
import { parseTemplate } from './parse.ts'

const faults = (text: string): readonly string[] => {
  const result = parseTemplate(text)
  if (result.type === 'template') return []
  return result.errors.map(
    ({ position: { line, column }, message, remedy }) =>
      `${line}:${column} ${message}${remedy === undefined ? '' : ` (${remedy})`}`,
  )
}

describe('parsing', () => {
  it.each<{ text: string; expected: string | RegExp; reason: string }>([
    {
      text: 'a\nb {{ .x',
      expected: /^2:3 the action that starts here is not closed/,
      reason: 'unclosed action',
    },
    { text: '{{ }}', expected: '1:4 a value is missing here', reason: 'empty action' },
    { text: '{{ .x | }}', expected: '1:9 a value is missing here', reason: 'nothing after |' },
    { text: '{{ .x .y }}', expected: /^1:7 a value follows a value/, reason: 'arguments without a function' },
    { text: '{{ .x | .y }}', expected: /^1:9 only a function can follow \|/, reason: 'a value after |' },
    {
      text: '{{ uper .x }}',
      expected: '1:4 there is no function "uper" (did you mean upper?)',
      reason: 'a slip in a function',
    },
    {
      text: '{{ env "HOME" }}',
      expected: /^1:4 there is no function "env" \(known are and, or/,
      reason: 'unknown function',
    },
    { text: '{{ call .x }}', expected: /^1:4 call is not supported/, reason: 'call' },
    {
      text: '{{ template "x" . }}',
      expected: /^1:1 \{\{ template \}\} is not supported/,
      reason: 'template',
    },
    {
      text: '{{ define "x" }}{{ .y.. }}{{ end }}',
      expected: /^1:1 \{\{ define \}\} is not supported/,
      reason: 'define, with all in it',
    },
    { text: '{{ trunc "x" }}', expected: '1:4 trunc takes 2 arguments, not 1', reason: 'too few arguments' },
    {
      text: '{{ "x" | trunc 1 2 }}',
      expected: '1:10 trunc takes 2 arguments, not 3',
      reason: 'too many, piped',
    },
    { text: '{{ eq 1 }}', expected: '1:4 eq takes 2 or more arguments, not 1', reason: 'at least' },
    {
      text: '{{ eq len 3 }}',
      expected: /^1:7 len takes 1 or more arguments, not 0 \(put it in parentheses/,
      reason: 'a bare function',
    },
    {
      text: '{{ if .x }}a',
      expected: /^1:1 the \{\{ if \}\} that starts here has no \{\{ end \}\}/,
      reason: 'no end',
    },
    { text: 'a{{ end }}', expected: /^1:2 \{\{ end \}\} without/, reason: 'end alone' },
    { text: '{{ else }}', expected: /^1:1 \{\{ else \}\} without/, reason: 'else alone' },
    {
      text: '{{ if .x }}{{ else }}{{ else }}{{ end }}',
      expected: /^1:22 a second \{\{ else \}\}/,
      reason: 'two else',
    },
    { text: '{{ if .x }}{{ end .y }}', expected: '1:19 unexpected ".y"', reason: 'words after end' },
    { text: '{{ break }}', expected: /^1:1 \{\{ break \}\} outside/, reason: 'break alone' },
    {
      text: '{{ $x }}',
      expected: /^1:4 the variable \$x is not declared \(declare it first/,
      reason: 'unknown variable',
    },
    {
      text: '{{ $alert := 1 }}{{ $alret }}',
      expected: /did you mean \$alert\?/,
      reason: 'a slip in a variable',
    },
    {
      text: '{{ if $x := .a }}{{ end }}{{ $x }}',
      expected: /^1:30 the variable \$x is not declared/,
      reason: 'out of scope',
    },
    {
      text: '{{ $a, $b := .x }}',
      expected: /one variable can be declared/,
      reason: 'two variables outside of range',
    },
    { text: '{{ "abc }}', expected: /^1:4 the string is not closed/, reason: 'open string' },
    {
      text: "{{ 'ab' }}",
      expected: /^1:4 single quotes hold one character \(write strings in double quotes\)/,
      reason: 'single quotes',
    },
    { text: '{{ "\\z" }}', expected: /^1:5 unknown escape/, reason: 'bad escape' },
    { text: '{{ /* a }}', expected: /^1:4 the comment is not closed/, reason: 'open comment' },
    { text: '{{ .x-}}', expected: /unexpected character "-"/, reason: 'a trim marker needs a space' },
    { text: '{{ .x + 1 }}', expected: /^1:7 unexpected character "\+"/, reason: 'no operators' },
    { text: '{{ 1x }}', expected: /^1:4 a number is followed by a letter/, reason: 'a number and a letter' },
    { text: '{{ (.x }}', expected: /^1:4 the parenthesis is not closed/, reason: 'open parenthesis' },
    { text: '{{ .x) }}', expected: '1:6 unexpected ")"', reason: 'closed too often' },
    { text: '{{ x := 1 }}', expected: /there is no function "x"/, reason: 'a variable without $' },
  ])('names the place and the fault: $reason', ({ text, expected }) => {
    const [first] = faults(text)
    expect(typeof expected === 'string' ? first === expected : expected.test(first ?? '')).toBe(true)
  })

  it('reports the faults of all actions, in order', () => {
    expect(faults('{{ uper .x }}\n{{ .y | }}\n{{ if }}{{ end }}').map((fault) => fault.slice(0, 3))).toEqual([
      '1:4',
      '2:9',
      '3:7',
    ])
  })

  it('counts columns in characters', () => {
    expect(faults('😀é {{ uper .x }}')[0]).toMatch(/^1:7 /)
  })

  it('F92 1000 levels, a million parts and endless text are refused', () => {
    const nested = '{{ if .x }}'.repeat(1000) + '{{ end }}'.repeat(1000)
    expect(faults(nested).join()).toContain(`more than ${limits.depth} levels deep`)
    const parentheses = `{{ ${'('.repeat(100_000)} }}`
    expect(faults(parentheses).join()).toContain(`more than ${limits.depth} levels deep`)
    expect(faults('{{.}}'.repeat(100_000)).join()).toContain(`more than ${limits.nodes} parts`)
    expect(faults('x'.repeat(limits.text + 1)).join()).toContain('at most')
    expect(faults('{{ if .x }}'.repeat(30) + '{{ end }}'.repeat(30))).toEqual([])
  })

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '{{-',
      '-}}',
      ' ',
      '\n',
      '.',
      '.a',
      '$',
      '$x',
      ':=',
      '=',
      ',',
      '|',
      '(',
      ')',
      '"',
      "'",
      '`',
      '\\',
      '/*',
      '*/',

      'if',
      'else',
      'end',
      'range',
      'with',
      'break',
      'define',
      'template',
      'block',
      'call',
      'eq',
      'len',
      'nil',
      '1',
      '-',
      '😀',
    )
    const texts = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 40 }).map((pieces) => `{{ ${pieces.join(' ')} }}`),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseTemplate(text)
        expect(result.type === 'template' || result.errors.length > 0).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('F94 is linear in runs of spaces and braces', () => {
    const spaces = ' '.repeat(200_000)
    expect(parseTemplate(`a${spaces}b{{- "x" -}}${spaces}c`).type).toBe('template')
    expect(parseTemplate('{'.repeat(200_001)).type).toBe('error')
  })
})
