// Reads a request's body: never more than allowed, never for longer than allowed, never compressed.

import type { Clock } from '../ports/clock.ts'
import type { Reading } from './reading-room.ts'
import { HubRefusal, invalidInput } from './refusal.ts'

const BODY_TIMEOUT_MS = 10_000
const SMALL_BODY = 64 * 1024

export const readBody = async ({
  request,
  limit,
  clock,
  reading = free,
}: {
  readonly request: Request
  readonly limit: number
  readonly clock: Clock
  /** Where the bytes are counted while they arrive. */
  readonly reading?: Pick<Reading, 'take'>
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
  const announced = request.headers.get('content-length')
  if (Number(announced ?? 0) > limit) throw tooLarge(limit)
  // The parser holds a sender to the length it announced, so a small body needs no counting: this path is several
  // times cheaper than the stream, and every record of every agent takes it.
  if (announced !== null && Number(announced) <= SMALL_BODY) {
    reading.take(Number(announced) || 0)
    return readSmallBody({ request, clock })
  }
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
      reading.take(value.byteLength)
      chunks.push(value)
    }
  } finally {
    stopTimer()
    reader.releaseLock()
  }
  if (timedOut) throw tooSlow()
  return Buffer.concat(chunks)
}

const free = { take: (): void => undefined }

const readSmallBody = async ({
  request,
  clock,
}: {
  readonly request: Request
  readonly clock: Clock
}): Promise<Buffer> => {
  let stopTimer: () => void = () => undefined
  const late = new Promise<never>((_, reject) => {
    stopTimer = clock.after(BODY_TIMEOUT_MS, () => reject(tooSlow()))
  })
  try {
    return Buffer.from(await Promise.race([request.arrayBuffer(), late]))
  } finally {
    stopTimer()
  }
}

const tooLarge = (limit: number): HubRefusal =>
  new HubRefusal({
    status: 413,
    code: 'InvalidInput',
    message: `the body is larger than ${limit} bytes`,
    remedy: 'send less',
  })

const tooSlow = (): HubRefusal =>
  new HubRefusal({
    status: 408,
    code: 'InvalidInput',
    message: `the body did not arrive within ${BODY_TIMEOUT_MS / 1000} seconds`,
  })

/** UTF-8 or nothing: a body in another encoding is refused instead of guessed at. */
export const decodeText = (body: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw invalidInput('the body is not UTF-8')
  }
}
