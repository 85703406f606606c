// Reads a request's body: never more than allowed, never for longer than allowed, never compressed.

import type { Clock } from '../ports/clock.ts'
import { HubRefusal, invalidInput } from './refusal.ts'

const BODY_TIMEOUT_MS = 10_000

export const readBody = async ({
  request,
  limit,
  clock,
}: {
  readonly request: Request
  readonly limit: number
  readonly clock: Clock
}): Promise<Buffer> => {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new HubRefusal({
      status: 415,
      code: 'InvalidInput',
      message: `the body is compressed ("${encoding.slice(0, 40)}"); that is not supported`,
      remedy: 'send it without Content-Encoding',
    })
  }
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  if (request.body === null) return Buffer.alloc(0)

  const reader = request.body.getReader()
  let timedOut = false
  const stopTimer = clock.after(BODY_TIMEOUT_MS, () => {
    timedOut = true
    void reader.cancel().catch(() => undefined)
  })
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.byteLength
      if (bytes > limit) throw tooLarge(limit)
      chunks.push(value)
    }
  } finally {
    stopTimer()
    reader.releaseLock()
  }
  if (timedOut) {
    throw new HubRefusal({
      status: 408,
      code: 'InvalidInput',
      message: `the body did not arrive within ${BODY_TIMEOUT_MS / 1000} seconds`,
    })
  }
  return Buffer.concat(chunks)
}

const tooLarge = (limit: number): HubRefusal =>
  new HubRefusal({
    status: 413,
    code: 'InvalidInput',
    message: `the body is larger than ${limit} bytes`,
    remedy: 'send less',
  })

/** UTF-8 or nothing: a body in another encoding is refused instead of guessed at. */
export const decodeText = (body: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw invalidInput('the body is not UTF-8')
  }
}
