import { expect, test } from 'vitest'
import type { ToolEffect } from '../journal/record.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { toolEffect } from './tool-effect.ts'

const policy = (...effects: readonly { pattern: string; effect: ToolEffect }[]) =>
  ({ tools: { effects } }) as unknown as EffectivePolicy

const name = { server: 'grafana', tool: 'query_logs' }

test('F49 an undeclared tool is a write, whatever its server claims', () => {
  const annotations = { readOnlyHint: true, idempotentHint: true, destructiveHint: false }
  expect(toolEffect({ policy: policy(), ...name, annotations })).toBe('write')
})

test('the strictest declaration counts', () => {
  const declared = policy(
    { pattern: '*', effect: 'read-only' },
    { pattern: 'grafana/*', effect: 'idempotent' },
  )
  expect(toolEffect({ policy: declared, ...name })).toBe('idempotent')
})

test.each([
  ['read-only', { readOnlyHint: false }, 'write'],
  ['read-only', { destructiveHint: true }, 'write'],
  ['read-only', { readOnlyHint: true }, 'read-only'],
  ['idempotent', { idempotentHint: false }, 'write'],
  ['idempotent', { readOnlyHint: true }, 'idempotent'],
  ['write', { readOnlyHint: true, idempotentHint: true }, 'write'],
] as const)('F49 declared %s with %o is %s: annotations only tighten', (effect, annotations, expected) => {
  expect(toolEffect({ policy: policy({ pattern: 'grafana/*', effect }), ...name, annotations })).toBe(
    expected,
  )
})
