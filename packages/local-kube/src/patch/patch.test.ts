import { describe, expect, test } from 'vitest'
import { builtinSchema } from '../builtin/definitions.ts'
import type { JsonObject } from '../json.ts'
import { applyJsonPatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import { applyStrategicMergePatch } from './strategic-merge.ts'

const podSpec = builtinSchema('io.k8s.api.core.v1.PodSpec')
const strategic = (target: JsonObject, patch: JsonObject): JsonObject =>
  applyStrategicMergePatch({ target, patch, schema: podSpec })

describe('a strategic merge patch', () => {
  const target = {
    containers: [
      { name: 'a', image: '1', ports: [{ containerPort: 80 }] },
      { name: 'b', image: '1' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  }

  test('merges list items by the key their type names', () => {
    expect(
      strategic(target, { containers: [{ name: 'a', image: '2', ports: [{ containerPort: 81 }] }] })[
        'containers'
      ],
    ).toEqual([
      { name: 'a', image: '2', ports: [{ containerPort: 81 }, { containerPort: 80 }] },
      { name: 'b', image: '1' },
    ])
  })
  test('deletes an item, and orders the rest', () => {
    const patch = {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }],
      containers: [{ name: 'c' }, { $patch: 'delete', name: 'a' }],
    }
    expect(strategic(target, patch)['containers']).toEqual([{ name: 'c' }, { name: 'b', image: '1' }])
  })
  test('keeps only the keys it is told to retain', () => {
    expect(
      strategic(target, {
        volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'm' } }],
      })['volumes'],
    ).toEqual([{ name: 'v', configMap: { name: 'm' } }])
  })
  test('replaces a list without a merge key', () => {
    expect(
      strategic(
        { containers: [{ name: 'a', command: ['x', 'y'] }] },
        { containers: [{ name: 'a', command: ['z'] }] },
      )['containers'],
    ).toEqual([{ name: 'a', command: ['z'] }])
  })
})

test('a merge patch removes by null and never reaches a prototype', () => {
  const patched = applyMergePatch(
    { a: 1, b: { c: 1, d: 2 } },
    JSON.parse('{"a":null,"b":{"c":null},"__proto__":{"x":1}}') as JsonObject,
  )
  expect(JSON.stringify(patched)).toBe('{"b":{"d":2},"__proto__":{"x":1}}')
  expect(({} as { x?: number }).x).toBeUndefined()
})

test.each([
  [[{ op: 'add', path: '/l/-', value: 3 }], { l: [1, 2, 3] }],
  [[{ op: 'remove', path: '/l/0' }], { l: [2] }],
  [[{ op: 'move', from: '/l', path: '/m~1n' }], { 'm/n': [1, 2] }],
  [[{ op: 'copy', from: '/l/1', path: '/l/0' }], { l: [2, 1, 2] }],
])('a JSON patch of %j', (operations, expected) => {
  expect(applyJsonPatch({ l: [1, 2] }, operations)).toEqual(expected)
})
