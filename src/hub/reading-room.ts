// How many bytes of bodies may be in memory while they are on their way. Who is not known yet can hold a connection,
// not memory.

import { HubRefusal } from './refusal.ts'

export interface Reading {
  /** Throws HubRefusal 503 when there is no room for so many more. */
  take(bytes: number): void
  /** Gives back what was taken. */
  leave(): void
}

export interface ReadingRoom {
  enter(): Reading
}

export const createReadingRoom = ({ bytes: room }: { readonly bytes: number }): ReadingRoom => {
  let taken = 0
  return {
    enter() {
      let own = 0
      return {
        take(bytes) {
          if (taken + bytes > room)
            throw new HubRefusal({
              status: 503,
              code: 'HubUnavailable',
              message: 'too many deliveries are on their way at the same time',
              remedy: 'send it again after the time in Retry-After',
              retryable: true,
              retryAfterMs: 1000,
            })
          own += bytes
          taken += bytes
        },
        leave() {
          taken -= own
          own = 0
        },
      }
    },
  }
}
