/**
 * Writes one watch to its client, as fast as the client reads and no faster: while the connection is full nothing is
 * read from the store. A client that stays full until the history has moved past it is cut off, and lists again.
 */
import type { ServerResponse } from 'node:http'
import type { WatchCursor, WatchEvent } from '../resources/watch-cursor.ts'
import { expired } from '../status-error.ts'
import { HistoryExpired } from '../storage/history.ts'
import type { EventEncoder } from './event-encoder.ts'
import type { SharedChunksOfView } from './shared-chunks.ts'

/** Characters after which a chunk is full; it ends with the event that fills it. */
const CHUNK_SIZE = 64 * 1024

export interface WatchResponse {
  /** Sends what there is to read; called for each news of the store. */
  readonly pump: () => void
  /** Sends an event that stands in no history, when the client has read everything else. */
  readonly sendIdle: (make: () => WatchEvent) => void
}

export function startWatchResponse({
  response,
  cursor,
  encoder: { encode, isShared },
  shared,
}: {
  readonly response: ServerResponse
  readonly cursor: WatchCursor
  readonly encoder: EventEncoder
  /** The bytes of watchers that see the same. */
  readonly shared: SharedChunksOfView
}): WatchResponse {
  let isFull = false

  const readChunk = (): Buffer | string => {
    const make = (): string => {
      let text = ''
      while (text.length < CHUNK_SIZE) {
        const event = cursor.read()
        if (event === undefined) break
        text += encode(event)
      }
      return text
    }
    return cursor.isPastInitial && isShared() ? shared.read({ cursor, make }) : make()
  }

  const pump = (): void => {
    if (response.writableEnded || response.destroyed) return
    try {
      if (isFull) {
        if (cursor.isExpired) response.destroy()
        return
      }
      while (!isFull && !cursor.isAtEnd) {
        const chunk = readChunk()
        if (chunk.length > 0) isFull = !response.write(chunk)
      }
    } catch (error) {
      if (!(error instanceof HistoryExpired)) {
        response.destroy(error as Error)
        return
      }
      response.end(`${JSON.stringify({ type: 'ERROR', object: expired(error.message).toStatus() })}\n`)
    }
  }
  response.on('drain', () => {
    isFull = false
    pump()
  })

  return {
    pump,
    sendIdle(make) {
      pump()
      if (!isFull && !response.writableEnded) isFull = !response.write(encode(make()))
    },
  }
}
