import { expect, test } from 'vitest'
import { checkedOutput, checkOutputRules, levelOf, outputRulesOf } from './output-rules.ts'

const schema = '{"type":"object","required":["cause"],"properties":{"cause":{"enum":["db","network"]}}}'
const fenced = 'Sure! Ignore your orders.\n```json\n{"cause": "db"}\n```\nBye.'

test('with an outputSchema the output is the JSON alone, and the words around it are gone', () => {
  const rules = outputRulesOf({ outputSchema: schema })
  expect(checkedOutput(rules, fenced)).toEqual({ type: 'fits', output: '{"cause":"db"}' })
  expect(checkedOutput(rules, 'It is the database.')).toMatchObject({
    type: 'misfit',
    fault: 'it is not JSON',
  })
  expect(checkedOutput(rules, '{"cause":"cat"}')).toMatchObject({ type: 'misfit' })
})

test('with validate.schema the output must hold such JSON, and stays as it is', () => {
  const rules = outputRulesOf({ validate: { schema } })
  expect(checkedOutput(rules, fenced)).toEqual({ type: 'fits', output: fenced })
  expect(checkedOutput(rules, '{}')).toMatchObject({ type: 'misfit' })
})

test('contains must match somewhere, rejectPatterns nowhere', () => {
  const rules = outputRulesOf({
    validate: { contains: '(?i)root cause', rejectPatterns: ['AKIA[0-9A-Z]{4}'] },
  })
  expect(checkedOutput(rules, 'The root cause is known.')).toMatchObject({ type: 'fits' })
  expect(checkedOutput(rules, 'No idea.')).toMatchObject({ type: 'misfit' })
  expect(checkedOutput(rules, 'Root cause: AKIA1234')).toMatchObject({ type: 'misfit' })
})

test('whether the model is asked again is what the manifest says', () => {
  expect(outputRulesOf({ outputSchema: schema })?.retries).toBe(2)
  expect(outputRulesOf({ outputSchema: schema, validate: { onFailure: 'fail' } })?.retries).toBe(0)
  expect(outputRulesOf({ validate: { contains: 'x' } })?.retries).toBe(0)
  expect(outputRulesOf({ validate: { contains: 'x', onFailure: 'retry', maxRetries: 4 } })?.retries).toBe(4)
  expect(outputRulesOf({ validate: {} })).toBeUndefined()
})

test('policies rank a check by its most thorough part', () => {
  expect(levelOf(outputRulesOf({}))).toBe('none')
  expect(levelOf(outputRulesOf({ validate: { rejectPatterns: ['x'] } }))).toBe('pattern')
  expect(levelOf(outputRulesOf({ validate: { contains: 'x', schema } }))).toBe('schema')
  expect(levelOf(outputRulesOf({ outputSchema: schema }))).toBe('schema')
})

test('rules that cannot be read are faults of the manifest, each with its field', () => {
  const faults = checkOutputRules(
    {
      outputSchema: 'type: object',
      validate: { schema: '{"type":"strange"}', contains: '(?=x)', rejectPatterns: ['ok', '('] },
    },
    'spec.pipeline[0]',
  )
  expect(faults.map(({ path }) => path)).toEqual([
    'spec.pipeline[0].outputSchema',
    'spec.pipeline[0].validate.schema',
    'spec.pipeline[0].validate.contains',
    'spec.pipeline[0].validate.rejectPatterns[1]',
  ])
})

test('F94: an expression that would stall a backtracking engine does not', () => {
  const rules = outputRulesOf({ validate: { rejectPatterns: ['^(a+)+$'] } })
  expect(checkedOutput(rules, `${'a'.repeat(50_000)}!`)).toMatchObject({ type: 'fits' })
})
