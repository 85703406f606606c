// Brings a database to the schema of this version, forward only and in one transaction.

import { KubeswarmError } from '../../../domain/error.ts'
import { migrations, schemaVersion } from '../schema.ts'
import { statements } from '../statements.ts'
import type { Database } from './database.ts'

export const migrate = ({ database, path }: { readonly database: Database; readonly path: string }): void => {
  database.exec(statements.version.create)
  const found = database.get<{ version: number }>(statements.version.read)?.version ?? 0
  if (found === schemaVersion) return
  if (found > schemaVersion) {
    throw new KubeswarmError({
      code: 'StoreTooNew',
      message: `cannot open the store "${path}": its schema has version ${found}, this kubeswarm knows up to ${schemaVersion}`,
      remedy: 'start the newer kubeswarm that wrote it, or choose another store path',
    })
  }
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const migration of migrations.slice(found)) for (const sql of migration) database.exec(sql)
    database.run(statements.version.clear)
    database.run(statements.version.write, schemaVersion)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
