// The door of the store: who is inside may finish, and after closing nobody gets in.

import { KubeswarmError } from '../../../domain/error.ts'
import type { Transactions } from './transactions.ts'

interface Gate extends Transactions {
  pass<T>(action: () => Promise<T>): Promise<T>
  /** Lets nobody in any more and resolves when everybody is out. */
  close(): Promise<void>
}

export const createGate = ({ read, write }: Transactions): Gate => {
  const inside = new Set<Promise<unknown>>()
  let closed = false
  const pass = async <T>(action: () => Promise<T>): Promise<T> => {
    if (closed)
      throw new KubeswarmError({
        code: 'StoreUnavailable',
        message: 'cannot use the store: it is closed',
      })
    const running = action()
    inside.add(running)
    try {
      return await running
    } finally {
      inside.delete(running)
    }
  }
  return {
    pass,
    read: (act) => pass(() => read(act)),
    write: (act) => pass(() => write(act)),
    close: async () => {
      closed = true
      await Promise.allSettled(inside)
    },
  }
}
