import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { genesis, sealRecord, verifyChain } from './hash-chain.ts'
import type { JournalRecord, RecordBody } from './record.ts'

const seal = (bodies: readonly RecordBody[]): JournalRecord[] => {
  const records: JournalRecord[] = []
  for (const body of bodies) {
    records.push(
      sealRecord({
        body,
        run: 'uid-1',
        seq: records.length + 1,
        at: '2026-04-23T02:45:00.000Z',
        previous: records.at(-1)?.hash ?? genesis,
      }),
    )
  }
  return records
}
const chain = seal([
  { type: 'step.submitted', step: 'investigator', attempt: 1, task: 'uid-1/investigator/1', agent: 'a' },
  { type: 'task.leased', step: 'investigator', attempt: 1, task: 't', fence: 1, holder: 'pod-1' },
  {
    type: 'tool.intended',
    step: 'investigator',
    attempt: 1,
    turn: 1,
    call: 0,
    server: 'grafana',
    tool: 'query_logs',
    arguments: { b: [1, undefined], a: undefined, query: '\ud800' },
    effect: 'read-only',
    idempotencyKey: 'k',
  },
])

describe('hash chain (A1)', () => {
  it('a sealed journal is intact, also after a trip through the store', () => {
    const stored = chain.map((record) => JSON.parse(JSON.stringify(record)) as JournalRecord)
    expect(verifyChain(stored)).toEqual({ type: 'intact', records: 3, head: chain[2]?.hash })
  })

  it('an empty journal is intact', () => {
    expect(verifyChain([])).toEqual({ type: 'intact', records: 0, head: genesis })
  })

  it('the order of keys in a record does not matter', () => {
    const reversed = chain.map(
      (record) => Object.fromEntries(Object.entries(record).toReversed()) as unknown as JournalRecord,
    )
    expect(verifyChain(reversed).type).toBe('intact')
  })

  it('a part can be checked from a hash that was kept', () => {
    const [first] = chain
    expect(verifyChain(chain.slice(1), { previous: first?.hash ?? '', after: 1 }).type).toBe('intact')
    expect(verifyChain(chain.slice(1), { previous: genesis, after: 1 })).toMatchObject({
      type: 'broken',
      seq: 2,
    })
  })

  it('F10 a missing, repeated or reordered record is found and named', () => {
    const [a, b, c] = chain as [JournalRecord, JournalRecord, JournalRecord]
    expect(verifyChain([a, c])).toMatchObject({ type: 'broken', seq: 3 })
    expect(verifyChain([a, b, b])).toMatchObject({ type: 'broken', seq: 2 })
    expect(verifyChain([b, a, c])).toMatchObject({ type: 'broken', seq: 2 })
  })

  it('F10 any change to any field is found at that record', () => {
    const places = chain.flatMap((record, index) => Object.keys(record).map((field) => ({ index, field })))
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.string({ minLength: 1 }), ({ index, field }, junk) => {
        const changed = chain.map((record, position) =>
          position === index
            ? ({ ...record, [field]: `${String(Reflect.get(record, field))}${junk}` } as JournalRecord)
            : record,
        )
        const result = verifyChain(changed)
        expect(result.type).toBe('broken')
      }),
    )
  })
})
