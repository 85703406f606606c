import { expect, test } from 'vitest'
import { forTerminal } from './for-terminal.ts'

test('F43 F93 control, hidden and direction characters show as symbols, on one line', () => {
  expect(forTerminal('a\u001B[31mred\u0007\u0000\u007F')).toBe('a␛[31mred␇␀␡')
  expect(forTerminal('one\r\ntwo\nthree\u2028four')).toBe('one␤two␤three␤four')
  expect(forTerminal('abc\u202Efed\u200B\tx')).toBe('abc␥fed␥␉x')
  expect(forTerminal('größe 🎉')).toBe('größe 🎉')
})
