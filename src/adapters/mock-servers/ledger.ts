// The call record of a mock server: the witness of side effects that stands outside the system under test.

export interface LedgerEntry {
  readonly seq: number
  /** RFC 3339. */
  readonly at: string
  readonly tool: string
  readonly arguments: unknown
  /** Whether the tool's effect happened; false for calls a fault stopped before it. */
  readonly executed: boolean
  readonly isError: boolean
  /** Beginning of the answer. */
  readonly result: string
  readonly idempotencyKey?: string
  readonly fault?: string
  /** Request headers; of a credential only the scheme and a fingerprint. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Ledger {
  add(entry: Omit<LedgerEntry, 'seq' | 'at'>): void
  entries(tool?: string): readonly LedgerEntry[]
  reset(): void
}

const RESULT_HEAD = 400

export const createLedger = ({ now }: { readonly now: () => number }): Ledger => {
  let entries: LedgerEntry[] = []
  return {
    add: (entry) => {
      const at = new Date(now()).toISOString()
      entries.push({ seq: entries.length + 1, at, ...entry, result: entry.result.slice(0, RESULT_HEAD) })
    },
    entries: (tool) => (tool === undefined ? [...entries] : entries.filter((entry) => entry.tool === tool)),
    reset: () => {
      entries = []
    },
  }
}
