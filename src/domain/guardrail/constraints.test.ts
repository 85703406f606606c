import { expect, test } from 'vitest'
import { parseArguments } from './arguments.ts'
import { constraintViolation } from './constraints.ts'
import type { ArgumentConstraint, ToolConstraint } from './effective-policy.ts'

const constraint = (...args: readonly ArgumentConstraint[]): ToolConstraint => ({
  pattern: 'pagerduty/manage_*',
  source: { kind: 'SwarmAgent', name: 'notifier', field: 'spec.guardrails.tools.constraints[0]' },
  args,
})

const holds = (
  rule: ArgumentConstraint,
  args: Record<string, unknown>,
  input: Record<string, string> = {},
): boolean =>
  constraintViolation({
    constraints: [constraint(rule)],
    name: { server: 'pagerduty', tool: 'manage_incidents' },
    arguments: args,
    input,
  }) === undefined

const at = (path: string, optional = false) => ({ path, optional })

test.each<[string, ArgumentConstraint, Record<string, unknown>, boolean]>([
  ['const', { ...at('status'), type: 'const', value: 'acknowledged' }, { status: 'acknowledged' }, true],
  [
    'S4 const: resolving is another value',
    { ...at('status'), type: 'const', value: 'acknowledged' },
    { status: 'resolved' },
    false,
  ],
  ['const takes no list', { ...at('status'), type: 'const', value: 'a' }, { status: ['a'] }, false],
  ['const of an object', { ...at('o'), type: 'const', value: { a: 1, b: 2 } }, { o: { b: 2, a: 1 } }, true],
  ['enum', { ...at('s'), type: 'enum', values: ['a', 1] }, { s: 1 }, true],
  ['enum: type matters', { ...at('s'), type: 'enum', values: ['1'] }, { s: 1 }, false],
  [
    'pattern covers the whole text',
    { ...at('c'), type: 'pattern', pattern: '#inc[a-z]*' },
    { c: '#incidents' },
    true,
  ],
  [
    'pattern: a suffix does not slip through',
    { ...at('c'), type: 'pattern', pattern: '#inc[a-z]*' },
    { c: '#incidents,#public' },
    false,
  ],
  [
    'pattern: a line break does not either',
    { ...at('c'), type: 'pattern', pattern: '#inc[a-z]*' },
    { c: '#incidents\n#public' },
    false,
  ],
  ['pattern: not text', { ...at('c'), type: 'pattern', pattern: '.*' }, { c: 5 }, false],
  [
    'pattern: one that does not compile matches nothing',
    { ...at('c'), type: 'pattern', pattern: '(?=a)a' },
    { c: 'a' },
    false,
  ],
  ['maxLength', { ...at('t'), type: 'maxLength', maxLength: 3 }, { t: 'äöü' }, true],
  ['maxLength: longer', { ...at('t'), type: 'maxLength', maxLength: 3 }, { t: 'abcd' }, false],
  [
    'maxLength: what is no text has no length',
    { ...at('t'), type: 'maxLength', maxLength: 3 },
    { t: 5 },
    false,
  ],
  [
    'what every object inherits is not an argument',
    { ...at('toString'), type: 'const', value: null },
    {},
    false,
  ],
  [
    'dotted path',
    { ...at('incident.status'), type: 'const', value: 'a' },
    { incident: { status: 'a' } },
    true,
  ],
  ['dotted path: missing', { ...at('incident.status'), type: 'const', value: 'a' }, { incident: {} }, false],
  ['optional: missing', { ...at('incident.status', true), type: 'const', value: 'a' }, {}, true],
  [
    'optional: present and wrong',
    { ...at('status', true), type: 'const', value: 'a' },
    { status: 'b' },
    false,
  ],
  [
    'inherited properties are not there',
    { ...at('constructor.name', true), type: 'const', value: 'x' },
    {},
    true,
  ],
  [
    'inherited properties do not satisfy',
    { ...at('toString'), type: 'maxLength', maxLength: 1000 },
    {},
    false,
  ],
])('%s', (_, rule, args, expected) => {
  expect(holds(rule, args)).toBe(expected)
})

test.each<[string, Record<string, unknown>, Record<string, string>, boolean]>([
  ['the same', { ids: 'P-1' }, { incidentId: 'P-1' }, true],
  ['S4 another incident', { ids: 'P-2' }, { incidentId: 'P-1' }, false],
  ['a list of it', { ids: ['P-1'] }, { incidentId: 'P-1' }, true],
  ['S4 a list with another', { ids: ['P-1', 'P-2'] }, { incidentId: 'P-1' }, false],
  ['an empty list', { ids: [] }, { incidentId: 'P-1' }, false],
  ['a number', { ids: 7 }, { incidentId: '7' }, true],
  ['an absent input denies', { ids: 'undefined' }, {}, false],
  [
    'an inherited input denies',
    { ids: 'x' },
    Object.create({ incidentId: 'x' }) as Record<string, string>,
    false,
  ],
])('fromInput: %s', (_, args, input, expected) => {
  expect(holds({ ...at('ids'), type: 'fromInput', input: 'incidentId' }, args, input)).toBe(expected)
})

test('constraints apply to the tools they match, and all of them must hold', () => {
  const constraints = [
    constraint({ ...at('a'), type: 'const', value: 1 }),
    constraint({ ...at('b'), type: 'const', value: 2 }),
  ]
  const ask = (tool: string, args: Record<string, unknown>) =>
    constraintViolation({ constraints, name: { server: 'pagerduty', tool }, arguments: args, input: {} })
  expect(ask('get_incident', {})).toBeUndefined()
  expect(ask('manage_incidents', { a: 1, b: 2 })).toBeUndefined()
  expect(ask('manage_incidents', { a: 1 })).toMatchObject({ path: 'b' })
})

test('a message never repeats what the model wrote', () => {
  const violation = constraintViolation({
    constraints: [constraint({ ...at('text'), type: 'maxLength', maxLength: 3 })],
    name: { server: 'pagerduty', tool: 'manage_incidents' },
    arguments: { text: 'hunter2-secret' },
    input: {},
  })
  expect(violation?.message).not.toContain('hunter2')
})

test('F94 a pattern that would backtrack for ever is linear', () => {
  const rule: ArgumentConstraint = { ...at('t'), type: 'pattern', pattern: '(a+)+$' }
  expect(holds(rule, { t: `${'a'.repeat(50_000)}!` })).toBe(false)
})

test('what parsing lets through, constraints see as it is', () => {
  const parsed = parseArguments('{"constructor":{"prototype":{"x":1}}}')
  if (parsed.type !== 'parsed') throw new Error('expected it to parse')
  const rule: ArgumentConstraint = { ...at('constructor.prototype.x'), type: 'const', value: 1 }
  expect(holds(rule, parsed.value)).toBe(true)
})

test('every rule of a constraint has to hold, whichever comes first', () => {
  const rules: readonly ArgumentConstraint[] = [
    { ...at('channel'), type: 'const', value: '#incidents' },
    { ...at('text'), type: 'maxLength', maxLength: 3 },
  ]
  for (const args of [rules, rules.toReversed()]) {
    const ask = (given: Record<string, unknown>) =>
      constraintViolation({
        constraints: [constraint(...args)],
        name: { server: 'pagerduty', tool: 'manage_incidents' },
        arguments: given,
        input: {},
      })?.path
    expect(ask({ channel: '#incidents', text: 'ok' })).toBeUndefined()
    expect(ask({ channel: '#incidents', text: 'too long' })).toBe('text')
    expect(ask({ channel: '#public', text: 'ok' })).toBe('channel')
  }
})
