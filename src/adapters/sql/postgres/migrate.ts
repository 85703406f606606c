// Brings a database to the schema of this version: forward only, in one transaction, one process at a time.

import type { Client } from 'pg'
import { KubeswarmError } from '../../../domain/error.ts'
import { migrations, schemaVersion } from '../schema.ts'
import { statements } from '../statements.ts'
import type { Connections } from './connections.ts'
import { storeFailed } from './store-failed.ts'

/** What PostgreSQL needs on top of the migration of the same place. Its TEXT refuses NUL; a long text may have one. */
const additions: readonly (readonly string[])[] = [
  [`ALTER TABLE contents ALTER COLUMN text TYPE BYTEA USING convert_to(text, 'UTF8')`],
]

/** First half of the advisory lock's key; the second is the schema. */
const LOCK = 0x6b75_6265

/** Resolves to the channel of the schema's notices. Throws KubeswarmError `StoreTooNew` | `StoreUnavailable`. */
export const migrate = async (connections: Connections): Promise<string> => {
  const { label } = connections
  const client = connections.single()
  try {
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))', [LOCK])
    const { rows } = await client.query<{ oid: number; present: boolean }>(
      `SELECT oid, to_regclass(quote_ident(nspname) || '.schema_version') IS NOT NULL AS present
        FROM pg_namespace WHERE nspname = current_schema()`,
    )
    const [schema] = rows
    if (schema === undefined) throw new Error('its search_path names no schema that exists')
    await advance({ client, present: schema.present, label })
    await client.query('COMMIT')
    return `kubeswarm_${schema.oid}`
  } catch (error) {
    if (error instanceof KubeswarmError) throw error
    throw storeFailed({ label, doing: 'prepare', cause: error })
  } finally {
    // Ends an open transaction, and with it the lock.
    await client.end().catch(() => undefined)
  }
}

const advance = async ({
  client,
  present,
  label,
}: {
  readonly client: Client
  readonly present: boolean
  readonly label: string
}): Promise<void> => {
  if (!present) await client.query(statements.version.create)
  const { rows } = await client.query<{ version: number }>(statements.version.read)
  const found = rows[0]?.version ?? 0
  if (found === schemaVersion) return
  if (found > schemaVersion) {
    throw new KubeswarmError({
      code: 'StoreTooNew',
      message: `cannot open the database "${label}": its schema has version ${found}, this kubeswarm knows up to ${schemaVersion}`,
      remedy: 'start the newer kubeswarm that wrote it, or choose another database',
    })
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < found) continue
    for (const sql of [...migration, ...(additions[index] ?? [])]) await client.query(sql)
  }
  await client.query(statements.version.clear)
  await client.query(statements.version.write.replace('?', '$1'), [schemaVersion])
}
