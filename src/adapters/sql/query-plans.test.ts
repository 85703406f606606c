// How both databases go about each statement when there is a history: ten thousand runs that are over, three ended
// tasks each, and hardly anything under way. What grows with the history may be searched, never read from end to end.

import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createManualClock } from '../../ports/manual-clock.ts'
import { serverForTests } from './postgres.fixtures.ts'
import { openPostgresStore } from './postgres.ts'
import { asPostgres } from './postgres/perform.ts'
import { migrations } from './schema.ts'
import { statements } from './statements.ts'

const RUNS = 10_000

/** For both: `n` counts from 1 to RUNS. */
const history = [
  `INSERT INTO runs (uid, namespace, name, started_at, finished_at, phase, last_seq, last_hash)
    SELECT 'uid-' || n, 'ns-' || (n % 5), 'run-' || n, '2026-04-01T00:00:00.' || (10000 + n),
      CASE WHEN n % 1000 = 0 THEN NULL ELSE '2026-04-02T00:00:00.' || (10000 + n) END, 'Succeeded', 3, 'hash' FROM counted`,
  `INSERT INTO records (run, seq, record_key, at, body, previous, hash)
    SELECT 'uid-' || n, s, 'key-' || s, '2026-04-01', '{}', 'hash', 'hash' FROM counted, (SELECT 1 AS s UNION SELECT 2 UNION SELECT 3) AS three`,
  `INSERT INTO tasks (id, position, run, namespace, agent, step, task, state, fence, holder, submitted_at, available_at, deadline, cancelled)
    SELECT 'uid-' || n || '/' || s || '/1', 3 * n + s, 'uid-' || n, 'ns-' || (n % 5), 'agent-' || s, 'step', '{}',
      CASE WHEN n % 1000 = 0 THEN 'leased' WHEN n % 1001 = 0 THEN 'queued' ELSE 'ended' END, 1, 'pod', n, n, NULL, NULL
      FROM counted, (SELECT 1 AS s UNION SELECT 2 UNION SELECT 3) AS three`,
  `INSERT INTO contents (sha256, text) SELECT 'sha-' || n, 'text' FROM counted`,
  `INSERT INTO run_contents (sha256, run) SELECT 'sha-' || n, 'uid-' || n FROM counted`,
  `INSERT INTO reservations (reservation_key, day, namespace, agent, tokens, settled)
    SELECT 'key-' || n, '2026-04-01', 'ns', 'agent', 1, 1 FROM counted`,
  `INSERT INTO deliveries (namespace, event, delivery, received_at, entry, uid, subject, started, accepted_at)
    SELECT 'ns-' || (n % 5), 'event', 'delivery-' || n, '2026-04-01T00:00:00.' || (10000 + n), '{}', 'uid', 'subject-' || n, 1, n FROM counted`,
  `INSERT INTO delivery_runs (namespace, event, delivery, run, target, received_at, state)
    SELECT 'ns-' || (n % 5), 'event', 'delivery-' || n, 'run-' || n, 0, '2026-04-01T00:00:00.' || (10000 + n),
      CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'created' END FROM counted`,
  `INSERT INTO outbox (namespace, notify, channel, id, grp, event, fact, created_at, due_at, attempts, state, tried_at)
    SELECT 'ns-' || (n % 5), 'on-call', 0, 'id-' || n, 'group-' || (n % 50), 'TeamSucceeded', '{}', n, n, 1,
      CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'sent' END, CASE WHEN n % 1000 = 0 THEN NULL ELSE n END FROM counted`,
]
const grown = [
  'runs',
  'records',
  'tasks',
  'contents',
  'run_contents',
  'reservations',
  'deliveries',
  'delivery_runs',
  'outbox',
]
/** Indexes of what is under way alone: reading one of them from end to end reads little. */
const indexesOfWork = [
  'runs_unfinished',
  'tasks_open',
  'delivery_runs_pending',
  'delivery_runs_owed',
  'outbox_due',
]

/** Asked when it does not matter. */
const seldom: Readonly<Record<string, string>> = {
  'run.changedSince': 'once after a connection was lost',
  'delivery.forget': 'once an hour, and goes on from where it stopped',
  'delivery.forgetRuns': 'once an hour, and goes on from where it stopped',
  'outbox.prune': 'once a day, and removes what it reads',
  'outbox.counts': 'for the status of one SwarmNotify, whose messages of 30 days it counts',
  'outbox.lastTries': 'for the status of one SwarmNotify',
  'outbox.revive': 'when a person asks for it',
}

const asked = Object.entries(statements)
  .filter(([group]) => group !== 'version')
  .flatMap(([group, each]) =>
    Object.entries(each).map(([name, sql]) => ({ name: `${group}.${name}`, sql: sql as string })),
  )
  .filter(({ name, sql }) => seldom[name] === undefined && !sql.startsWith('LOCK'))

describe('with a long history', () => {
  describe('SQLite', () => {
    const database = new DatabaseSync(':memory:')
    beforeAll(() => {
      for (const statement of migrations.flat()) database.exec(statement)
      for (const statement of history)
        database.exec(
          statement.replace(
            /SELECT/,
            `WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${RUNS}) SELECT`,
          ),
        )
    })
    afterAll(() => database.close())

    test.each(asked)('F66 $name reads no table from end to end', ({ sql }) => {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { readonly detail: string }[]
      const scans = plan
        .map(({ detail }) => detail)
        .filter((detail) => {
          // A search that uses nothing (for the least of all values) reads everything as well.
          const scan = /^(?:SCAN|SEARCH(?! \w+ USING)) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?/.exec(
            detail,
          )
          return (
            scan !== null &&
            grown.includes(tableOf(scan[1] ?? '', sql)) &&
            !indexesOfWork.includes(scan[2] ?? '')
          )
        })
      expect(scans).toEqual([])
    })
  })

  const { server, missing } = serverForTests()
  describe.skipIf(missing)('PostgreSQL', () => {
    let client: pg.Client
    beforeAll(async () => {
      const url = await server.emptySchema()
      await (await openPostgresStore({ url, clock: createManualClock() })).close()
      client = new pg.Client(url)
      await client.connect()
      for (const statement of history)
        await client.query(
          statement.replace(/SELECT/, `WITH counted AS (SELECT generate_series(1, ${RUNS}) AS n) SELECT`),
        )
      await client.query('ANALYZE')
      // As the store asks: prepared, with a plan that suits all values.
      await client.query('SET plan_cache_mode = force_generic_plan')
    })
    afterAll(async () => {
      await client?.end()
      server.remove()
    })

    test.each(asked)('F66 $name reads no table from end to end', async ({ name, sql }) => {
      const text = asPostgres(sql)
      const parameters = new Set(text.match(/\$\d+/g)).size
      const prepared = name.replace('.', '_')
      await client.query(`PREPARE ${prepared} AS ${text}`)
      const values =
        parameters === 0 ? '' : `(${Array.from({ length: parameters }, () => 'NULL').join(', ')})`
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE ${prepared}${values}`)
      const plan = rows.map((row) => row['QUERY PLAN'])
      const scans = plan.filter((line) => {
        const read = /Seq Scan on (\w+)/.exec(line)?.[1]
        return read !== undefined && grown.includes(read)
      })
      expect(scans, plan.join('\n')).toEqual([])
    })
  })
})

/** A statement may give a table another name. */
const tableOf = (word: string, sql: string): string =>
  [...sql.matchAll(/(?:FROM|JOIN) (\w+) (\w+)/g)].find(([, , alias]) => alias === word)?.[1] ?? word
