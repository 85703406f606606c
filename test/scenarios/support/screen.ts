// The shape every error on the screen has: one cause, one remedy, one code, no stack.

import { expect } from 'vitest'

export interface ShownError {
  readonly message: string
  readonly fix: string
  readonly code: string
}

/** The one error in a text of standard error. */
export const shownError = (stderr: string): ShownError => {
  expect(stderr.match(/^error: /gm), stderr).toHaveLength(1)
  expect(stderr, 'no stack trace').not.toMatch(/^\s+at .+:\d+:\d+\)?$/m)
  const [, message = '', fix = '', code = ''] =
    /^error: (.+(?:\n {7}.+)*)\n {2}fix: (.+)\n {2}code: (\w+)$/m.exec(stderr) ?? []
  expect(code, `an error, a fix and a code in\n${stderr}`).not.toBe('')
  return { message, fix, code }
}
