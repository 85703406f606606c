// A database URL as connection options, and as a name that may be shown.

import pg from 'pg'
import { KubeswarmError } from '../../../domain/error.ts'

const INT8 = 20
const BYTEA = 17

/** Our BIGINTs are counts and milliseconds, far below 2^53; our BYTEAs are texts that may contain NUL. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number
    if (oid === BYTEA) return (hex: string) => Buffer.from(hex.slice(2), 'hex').toString('utf8')
    return pg.types.getTypeParser(oid, format) as (value: string) => unknown
  },
}

export const connectionOptions = (
  url: string,
): { readonly options: pg.ClientConfig; readonly label: string } => {
  const options = {
    connectionString: url,
    application_name: 'kubeswarm',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: types as pg.CustomTypesConfig,
  }
  if (!/^postgres(ql)?:\/\//.test(url)) throw notADatabaseUrl()
  try {
    const { host, port, database } = new pg.Client(options)
    return { options, label: `${host}:${port}/${database ?? ''}` }
  } catch {
    // The cause would carry the URL, and with it the password.
    throw notADatabaseUrl()
  }
}

const notADatabaseUrl = (): KubeswarmError =>
  new KubeswarmError({
    code: 'InvalidInput',
    message: 'the database URL cannot be read',
    remedy: 'write it as postgres://USER:PASSWORD@HOST:5432/DATABASE, special characters percent-encoded',
  })
