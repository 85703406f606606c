// Somebody with the database in hand changes what happened. Verification says so and names the record.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../ports/manual-clock.ts'
import {
  completed,
  finished,
  intended,
  responded,
  runKey,
  started,
  submitted,
  taskOf,
} from '../../ports/store.fixtures.ts'
import type { Store } from '../../ports/store.ts'
import { openPostgresStore } from './postgres.ts'
import { quietPool, serverForTests } from './postgres.fixtures.ts'
import { openSqliteStore } from './sqlite.ts'

const { missing, server } = serverForTests()
afterAll(() => server.remove())

const longAnswer = 'é'.repeat(10_000)

/** Records: 1 started, 2 submitted, 3 responded, 4 intended, 5 completed, 6 finished. */
const write = async (store: Store): Promise<void> => {
  const task = taskOf()
  await store.journal.append({
    run: runKey(),
    records: [
      started(),
      submitted(task),
      responded(task, { text: longAnswer }),
      intended(task),
      completed(task),
      finished(),
    ],
    contents: [longAnswer, 'done'],
  })
}

const swap = (a: number, b: number): readonly string[] => [
  `UPDATE records SET seq = 100 WHERE seq = ${a}`,
  `UPDATE records SET seq = ${a} WHERE seq = ${b}`,
  `UPDATE records SET seq = ${b} WHERE seq = 100`,
]

const deeds: readonly {
  readonly what: string
  readonly sql: readonly string[]
  readonly seq: number
  readonly reason: RegExp
}[] = [
  {
    what: 'a flipped byte',
    sql: [`UPDATE records SET body = replace(body, '#incidents', '#incidentt') WHERE seq = 4`],
    seq: 4,
    reason: /content does not match its hash/,
  },
  {
    what: 'a byte that leaves no JSON',
    sql: [`UPDATE records SET body = replace(body, '{', '[') WHERE seq = 4`],
    seq: 4,
    reason: /cannot be read/,
  },
  {
    what: 'a moved time',
    sql: [`UPDATE records SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 2`],
    seq: 2,
    reason: /content does not match its hash/,
  },
  {
    what: 'a deleted record',
    sql: ['DELETE FROM records WHERE seq = 4'],
    seq: 5,
    reason: /record 4 was expected here/,
  },
  {
    what: 'a deleted last record',
    sql: ['DELETE FROM records WHERE seq = 6'],
    seq: 6,
    reason: /the run has 6 records, and 5 are there/,
  },
  { what: 'all records deleted', sql: ['DELETE FROM records'], seq: 1, reason: /has 6 records, and 0/ },
  { what: 'two records reordered', sql: swap(3, 4), seq: 3, reason: /does not follow the record before/ },
  {
    what: 'a text that was changed',
    sql: [
      `UPDATE contents SET text = 'innocent' WHERE sha256 = '${(responded(taskOf(), { text: longAnswer }) as { text: { sha256: string } }).text.sha256}'`,
    ],
    seq: 3,
    reason: /its text [0-9a-f]{64} was changed/,
  },
  {
    what: 'a text that was removed',
    sql: ['DELETE FROM contents'],
    seq: 3,
    reason: /its text [0-9a-f]{64} is not there/,
  },
]

describe('SQLite', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tampered-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  test.each(deeds)('F10 A1 $what is found, and its record named', async ({ sql, seq, reason }) => {
    const path = join(directory, 'kubeswarm.db')
    const clock = createManualClock()
    const before = openSqliteStore({ path, clock })
    await write(before)
    expect(await before.journal.verify({ run: runKey().uid })).toMatchObject({ type: 'intact', records: 6 })
    await before.close()
    const raw = new DatabaseSync(path)
    for (const statement of sql) raw.exec(statement)
    raw.close()
    const after = openSqliteStore({ path, clock })
    const result = await after.journal.verify({ run: runKey().uid })
    await after.close()
    expect(result).toMatchObject({ type: 'broken', seq, reason: expect.stringMatching(reason) })
  })
})

describe.skipIf(missing)('PostgreSQL', () => {
  test.each(deeds.filter(({ sql }) => !sql.some((text) => text.includes('contents SET'))))(
    'F10 A1 $what is found, and its record named',
    async ({ sql, seq, reason }) => {
      const url = await server.emptySchema()
      const store = await openPostgresStore({ url, clock: createManualClock() })
      await write(store)
      expect(await store.journal.verify({ run: runKey().uid })).toMatchObject({ type: 'intact' })
      const raw = quietPool(url)
      for (const statement of sql) await raw.query(statement)
      await raw.end()
      const result = await store.journal.verify({ run: runKey().uid })
      await store.close()
      expect(result).toMatchObject({ type: 'broken', seq, reason: expect.stringMatching(reason) })
    },
  )
})
