// An answer's body as it should be read: decompressed, and no further than the limit.

import { pipeline, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

import { limitBytes } from './limit-bytes.ts'

export const readableBody = ({
  body,
  headers,
  maxBytes,
}: {
  readonly body: Readable
  readonly headers: Headers
  readonly maxBytes: number | undefined
}): Readable => {
  const decoder = decoderFor(headers.get('content-encoding'))
  const stages = [
    ...(decoder ? [decoder] : []),
    ...(maxBytes === undefined ? [] : [limitBytes({ maxBytes })]),
  ]
  if (stages.length === 0) return body
  // The error reaches the reader through the last stage; without a listener here it would end the process.
  return pipeline([body, ...stages], () => undefined) as unknown as Readable
}

const decoderFor = (encoding: string | null): Transform | undefined => {
  switch ((encoding ?? '').trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'br':
      return createBrotliDecompress()
    case 'deflate':
      return createInflate()
    default:
      return undefined
  }
}
