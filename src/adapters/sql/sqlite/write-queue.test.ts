import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KubeswarmError } from '../../../domain/error.ts'
import { createManualClock } from '../../../ports/manual-clock.ts'
import { openDatabase, type Database } from './database.ts'
import { createWriteQueue, type WriteQueue } from './write-queue.ts'

describe('group commit', () => {
  let database: Database
  let queue: WriteQueue
  let statements: string[]
  beforeEach(() => {
    const real = openDatabase({ path: ':memory:' })
    statements = []
    database = {
      ...real,
      exec: (sql) => {
        statements.push(sql)
        real.exec(sql)
      },
    }
    database.exec('CREATE TABLE notes (text TEXT PRIMARY KEY)')
    statements.length = 0
    queue = createWriteQueue({
      database,
      clock: createManualClock(),
      onGrowth: () => undefined,
      onAnnounce: () => undefined,
    })
  })
  afterEach(() => database.close())

  const insert = (text: string) =>
    queue.write(({ database: inside }) => inside.run('INSERT INTO notes VALUES (?)', text))
  const notes = () =>
    database.all<{ text: string }>('SELECT text FROM notes ORDER BY text').map(({ text }) => text)

  test('writes of one moment share one transaction, in the order they were asked for', async () => {
    await Promise.all(['c', 'a', 'b'].map((text) => insert(text)))
    expect(statements).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
    expect(notes()).toEqual(['a', 'b', 'c'])
  })

  test('a refusal is its own caller’s only', async () => {
    const refused = queue.write(() => {
      throw new KubeswarmError({ code: 'StaleLease', message: 'no' })
    })
    const kept = insert('a')
    await expect(refused).rejects.toMatchObject({ code: 'StaleLease' })
    await kept
    expect(notes()).toEqual(['a'])
  })

  test('a faulty write rolls back alone: its neighbours are written by themselves', async () => {
    const results = await Promise.allSettled([insert('a'), insert('a'), insert('b')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(notes()).toEqual(['a', 'b'])
  })

  test('what waits for the commit runs once, and not at all when it is rolled back', async () => {
    const ran: string[] = []
    const noted = (text: string) =>
      queue.write(({ database: inside, afterCommit }) => {
        afterCommit(() => ran.push(text))
        inside.run('INSERT INTO notes VALUES (?)', text)
      })
    await Promise.allSettled([noted('a'), noted('a'), noted('b')])
    expect(ran).toEqual(['a', 'b'])
  })

  test('F08 a full disk refuses writes, keeps what was there, and ends when there is room', async () => {
    await insert('before')
    const pages = database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0
    database.exec(`PRAGMA max_page_count = ${pages}`)
    const big = 'x'.repeat(1_000_000)
    await expect(insert(big)).rejects.toMatchObject({ code: 'StoreUnavailable', retryable: true })
    expect(notes()).toEqual(['before'])
    database.exec(`PRAGMA max_page_count = ${pages + 10_000}`)
    await insert(big)
    expect(notes()).toEqual(['before', big])
  })
})
