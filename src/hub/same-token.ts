// Compares a token with the one that is expected, in a time that tells nothing about either.

import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** False, after the same work, where nothing is expected. */
export const sameToken = ({
  given,
  expected,
}: {
  readonly given: string | undefined
  readonly expected: string | undefined
}): boolean => {
  const equal = timingSafeEqual(digest(given ?? ''), digest(expected ?? ''))
  return equal && given !== undefined && expected !== undefined && expected !== ''
}
