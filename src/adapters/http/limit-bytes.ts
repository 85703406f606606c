// A stream stage that fails once more than a limit has passed.

import { Transform } from 'node:stream'

import { ResponseTooLargeError } from './network-failure.ts'

export interface ByteLimit {
  readonly maxBytes: number
  /** Count anew after each server-sent event: for channels that stay open. */
  readonly perEvent?: boolean
  readonly onExceeded?: () => void
}

export const limitBytes = ({ maxBytes, perEvent = false, onExceeded }: ByteLimit): Transform => {
  let bytes = 0
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        onExceeded?.()
        done(new ResponseTooLargeError(maxBytes))
        return
      }
      if (perEvent && (chunk.includes('\n\n') || chunk.includes('\r\n\r\n'))) bytes = 0
      done(null, chunk)
    },
  })
}
