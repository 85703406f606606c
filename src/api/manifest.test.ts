import { describe, expect, it } from 'vitest'
import { parseManifests } from './manifest.ts'

const parse = (text: string) => parseManifests({ text, source: 'a.yaml' })
const agent = (name: string) =>
  `apiVersion: kubeswarm.io/v1alpha1\nkind: SwarmAgent\nmetadata:\n  name: ${name}\nspec:\n  model: m\n`

describe('parseManifests', () => {
  it('reads several documents and passes over empty ones', () => {
    const { objects, errors } = parse(`---\n# nothing\n---\n${agent('a')}---\n\n---\n${agent('b')}...\n`)
    expect(errors).toEqual([])
    expect(objects.map(({ object }) => object.metadata.name)).toEqual(['a', 'b'])
  })

  it('points at fields in the file, also in the second document', () => {
    const { objects } = parse(`${agent('a')}---\n${agent('b')}`)
    expect(objects[1]?.position('spec.model')).toEqual({ line: 13, column: 10 })
    expect(objects[1]?.position('metadata.name')).toEqual({ line: 11, column: 9 })
  })

  it('points at what is around a field that is absent', () => {
    const { objects } = parse(agent('a'))
    expect(objects[0]?.position('spec.prompt.inline')).toEqual({ line: 6, column: 3 })
  })

  it('points into a block text', () => {
    const { objects } = parse(`${agent('a')}  prompt:\n    inline: |\n      first\n      {{ oops\n`)
    expect(objects[0]?.position('spec.prompt.inline', { line: 2, column: 4 })).toEqual({
      line: 10,
      column: 10,
    })
  })

  it('points into a quoted text', () => {
    const { objects } = parse(`${agent('a')}  alert: "{{ oops"\n`)
    expect(objects[0]?.position('spec.alert', { line: 1, column: 4 })).toEqual({ line: 7, column: 14 })
  })

  it('reads keys that are no plain words', () => {
    const { objects } = parse(`${agent('a')}  args:\n    incident.id: 1\n`)
    expect(objects[0]?.position('spec.args[incident.id]')).toEqual({ line: 8, column: 18 })
  })

  it('takes a List apart', () => {
    const { objects, errors } = parse(
      `apiVersion: v1\nkind: List\nitems:\n${['a', 'b'].map((name) => `- apiVersion: v1\n  kind: Pod\n  metadata: {name: ${name}}\n`).join('')}`,
    )
    expect(errors).toEqual([])
    expect(objects.map(({ object }) => object.metadata.name)).toEqual(['a', 'b'])
    expect(objects[1]?.position('metadata.name')).toEqual({ line: 9, column: 20 })
  })

  it('warns of field names that kubectl reads as booleans', () => {
    const { warnings, objects } = parse(`${agent('a')}  on: [TeamFailed]\n  "off": 1\n  value: on\n`)
    expect(warnings).toMatchObject([
      { column: 3, message: expect.stringContaining('on'), remedy: expect.stringContaining('"on"') },
    ])
    expect(objects[0]?.object).toMatchObject({ spec: { on: ['TeamFailed'], value: true } })
  })

  it('reads bare words as kubectl does', () => {
    const { objects } = parse(`${agent('a')}  a: yes\n  b: "yes"\n  c: off\n  d: 012\n  2: no\n`)
    expect(objects[0]?.object).toMatchObject({ spec: { a: true, b: 'yes', c: false } })
  })

  it.each([
    { reason: 'two of one key', text: `${agent('a')}  model: n\n`, line: 7, column: 3 },
    { reason: 'a tab as indent', text: `${agent('a')}\tx: 1\n`, line: 7, column: 1 },
    { reason: 'an open quote', text: `${agent('a')}  prompt: "x\n`, line: 8, column: 1 },
    { reason: 'no kind', text: 'apiVersion: v1\nmetadata: {name: a}\n', line: 1, column: 1 },
    { reason: 'no name', text: 'apiVersion: v1\nkind: Pod\nmetadata: {labels: {}}\n', line: 3, column: 11 },
    { reason: 'a text', text: 'hello\n', line: 1, column: 1 },
  ])('says where and what to do: $reason', ({ text, line, column }) => {
    const { objects, errors } = parse(text)
    expect(objects).toEqual([])
    expect(errors[0]).toMatchObject({ source: 'a.yaml', line, column })
    expect(errors[0]?.remedy).toMatch(/\.$/)
  })

  it('goes on after a broken document', () => {
    const { objects, errors } = parse(`a: [\n---\n${agent('b')}`)
    expect(errors.length).toBeGreaterThan(0)
    expect(objects.map(({ object }) => object.metadata.name)).toEqual(['b'])
  })

  it('refuses a text that explodes by aliases', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    for (let level = 1; level < 9; level++)
      bomb.push(
        `${'abcdefghij'[level]}: &${'abcdefghij'[level]} [${Array(9)
          .fill(`*${'abcdefghij'[level - 1]}`)
          .join(', ')}]`,
      )
    const { objects, errors } = parse(bomb.join('\n'))
    expect(objects).toEqual([])
    expect(errors).toHaveLength(1)
  })

  it('accepts a name to be generated', () => {
    expect(parse('apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n').errors).toEqual([])
  })
})
