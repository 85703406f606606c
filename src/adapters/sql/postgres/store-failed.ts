// What went wrong with the database: whether the connection was lost, whether the same transaction may simply run
// again, and how a caller is told.

import { KubeswarmError } from '../../../domain/error.ts'

const codeOf = (error: unknown): string => {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** SQLSTATE has five characters, of a class of two; Node's codes look otherwise. */
const isSqlState = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code)

/** Not an answer of a database that is well: the socket broke, nobody answered, or it is shutting down or starting. */
export const isLostConnection = (error: unknown): boolean => {
  const code = codeOf(error)
  return !isSqlState(code) || code.startsWith('08') || code.startsWith('57P')
}

/** The database has undone everything, and the next try may go another way: deadlock, lost race, serialization. */
export const isLostRace = (error: unknown): boolean => ['40001', '40P01', '23505'].includes(codeOf(error))

/** Said of every statement after the one that failed. */
export const isFollowUp = (error: unknown): boolean => codeOf(error) === '25P02'

/** Wrong name, password or database: trying again changes nothing. */
const isRejection = (code: string): boolean => code.startsWith('28') || code === '3D000' || code === '42501'

export const storeFailed = ({
  label,
  doing,
  cause,
}: {
  readonly label: string
  readonly doing: 'reach' | 'read from' | 'write to' | 'prepare'
  readonly cause: unknown
}): KubeswarmError => {
  const code = codeOf(cause)
  const said = cause instanceof Error && cause.message !== '' ? cause.message : code || String(cause)
  return new KubeswarmError({
    code: 'StoreUnavailable',
    message: `cannot ${doing} the database "${label}": ${said}`,
    remedy: isLostConnection(cause)
      ? 'check that PostgreSQL runs at that address and takes connections'
      : 'check the rights of the user and the free space of the database',
    retryable: !isRejection(code),
    cause,
  })
}
