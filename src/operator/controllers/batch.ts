// Work done a few pieces at a time, where the failure of one must not hold up the others.

export interface Batch {
  /** Begins the work; resolves when there is room for more. */
  add(work: () => Promise<void>): Promise<void>
  /** Resolves when all of it has ended. */
  settled(): Promise<void>
  /** Throws what the first failure threw. */
  throwFirst(): void
}

export const createBatch = ({ atOnce }: { readonly atOnce: number }): Batch => {
  const underWay = new Set<Promise<void>>()
  const failures: unknown[] = []
  return {
    async add(work) {
      const piece: Promise<void> = work()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => underWay.delete(piece))
      underWay.add(piece)
      if (underWay.size >= atOnce) await Promise.race(underWay)
    },
    async settled() {
      await Promise.all(underWay)
    },
    throwFirst() {
      if (failures.length > 0) throw failures[0]
    },
  }
}
