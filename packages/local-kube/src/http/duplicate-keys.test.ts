import { expect, test } from 'vitest'
import { duplicateKeys } from './duplicate-keys.ts'

test.each([
  { text: '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', found: [] },
  { text: '{"data":{},"data":{}}', found: ['data'] },
  { text: '{"spec":{"list":[{"x":1},{"x":1,"y":[1,2],"x":2}]}}', found: ['spec.list[1].x'] },
  { text: '{"a":"{\\"a\\":1,","b":"a","a\\u0062":1,"ab":2}', found: ['ab'] },
])('$text names $found twice', ({ text, found }) => {
  expect(duplicateKeys(text)).toEqual(found)
})
