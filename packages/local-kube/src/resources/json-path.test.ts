import { expect, test } from 'vitest'
import { compileJsonPath } from './json-path.ts'
import { humanDuration } from './columns.ts'

const object = {
  metadata: { labels: { 'app.kubernetes.io/name': 'x' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
    n: [{ v: 1 }, { v: 5 }],
  },
}

test.each([
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='Missing')].status", []],
  ['.status.conditions[*].type', ['Ready', 'Other']],
  ['.status.conditions[-1].type', ['Other']],
  ['.status.conditions[0:1].type', ['Ready']],
  ['.status.n[?(@.v>2)].v', [5]],
  ['.metadata.labels.app\\.kubernetes\\.io/name', ['x']],
  [".metadata.labels['app.kubernetes.io/name']", ['x']],
  ['{.status.missing.deeper}', []],
  ['$..v', [1, 5]],
])('%s', (path, expected) => {
  expect(compileJsonPath(path)(object)).toEqual(expected)
})

test.each([
  [5, '5s'],
  [119, '119s'],
  [138, '2m18s'],
  [600, '10m'],
  [3600 * 3, '3h'],
  [3600 * 5 + 600, '5h10m'],
  [86400 * 2 + 3600 * 4, '2d4h'],
  [86400 * 10, '10d'],
])('%d seconds are %s', (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text)
})
