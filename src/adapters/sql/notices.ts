// Listeners inside this process that hear of durable changes. A listener that throws harms neither the store nor its
// neighbours.

import type { Logger } from '../../ports/logger.ts'

export interface Notices<T> {
  readonly subscribe: (listener: (subject: T) => void) => () => void
  readonly publish: (subject: T) => void
}

export const createNotices = <T>({ logger }: { readonly logger?: Logger | undefined }): Notices<T> => {
  const listeners = new Set<{ readonly call: (subject: T) => void }>()
  return {
    subscribe: (listener) => {
      // Wrapped, so that the same function subscribed twice is heard twice and leaves one at a time.
      const entry = { call: listener }
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    publish: (subject) => {
      for (const listener of listeners) {
        try {
          listener.call(subject)
        } catch (error) {
          logger?.error({ err: error }, 'store listener failed')
        }
      }
    },
  }
}
