// A watch answer is one JSON document per line on a stream without end. This splits and parses it, and turns an ERROR
// event (which arrives under HTTP 200) into the exception it is.

import type { KubernetesObject } from '../../api/resource.ts'
import { KubernetesApiError, type WatchEvent } from '../../ports/resources.ts'

/** Lines of a byte stream. A last line without its newline is dropped: the connection was cut inside an event. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  // Pieces are joined only when their newline arrives, or a large object in many chunks costs quadratic time.
  let pieces: string[] = []
  for await (const chunk of chunks) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n')
    for (const [index, line] of lines.entries()) {
      pieces.push(line)
      if (index === lines.length - 1) break
      const whole = pieces.join('')
      pieces = []
      if (whole.trim() !== '') yield whole
    }
  }
}

interface RawEvent {
  readonly type: string
  readonly object: {
    readonly metadata?: { readonly resourceVersion?: string }
    readonly code?: number
    readonly reason?: string
    readonly message?: string
  }
}

export const parseWatchEvent = <T extends KubernetesObject>(line: string): WatchEvent<T> | undefined => {
  const event = JSON.parse(line) as RawEvent
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object as unknown as T }
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: event.object.metadata?.resourceVersion ?? '' }
    case 'ERROR':
      throw new KubernetesApiError({
        status: event.object.code ?? 500,
        reason: event.object.reason ?? 'Unknown',
        message: `cannot watch: ${event.object.message ?? 'the server ended the stream with an error'}`,
      })
    default:
      return undefined
  }
}
