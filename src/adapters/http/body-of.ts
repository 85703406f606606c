// What a `fetch` body is to undici's `request`.

import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

interface RequestBody {
  readonly body: string | Uint8Array | Readable | null
  /** The content type a body brings along. */
  readonly contentType?: string
}

export const bodyOf = (body: RequestInit['body']): RequestBody => {
  if (body === undefined || body === null) return { body: null }
  if (typeof body === 'string') return { body, contentType: 'text/plain;charset=UTF-8' }
  if (body instanceof Uint8Array) return { body }
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body) }
  if (body instanceof URLSearchParams) {
    return { body: body.toString(), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' }
  }
  if (body instanceof ReadableStream) return { body: Readable.fromWeb(body as NodeReadableStream) }
  throw new TypeError(
    'this fetch sends text, bytes, form parameters and streams; other bodies are not supported',
  )
}
