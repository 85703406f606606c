import { expect, it } from 'vitest'
import { truthy } from './truthy.ts'

it.each(['', ' ', 'false', 'False', ' NO\n', 'no', '0'])('%j means no', (text) => {
  expect(truthy(text)).toBe(false)
})
it.each(['yes', 'true', '1', '00', 'none', 'null', 'x'])('%j means yes', (text) => {
  expect(truthy(text)).toBe(true)
})
