// What the API server said when it said no: the Status object as an error. Which ones are harmless is for the caller.

export interface ApiStatus {
  readonly code: number
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[] }
}

export class ApiError extends Error {
  readonly code: number
  readonly reason: string
  readonly status: ApiStatus

  constructor({ status, request }: { readonly status: ApiStatus; readonly request: string }) {
    super(`${request}: ${status.message ?? status.reason ?? 'refused'} (${status.code})`)
    this.name = 'ApiError'
    this.code = status.code
    this.reason = status.reason ?? ''
    this.status = status
  }
}

export function isApiError(error: unknown, ...codes: readonly number[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code))
}

export const isNotFound = (error: unknown): boolean => isApiError(error, 404)

/** Someone else wrote first, or the object is another one by now: read again, decide again. */
export const isConflict = (error: unknown): boolean => isApiError(error, 409)

/** A create refused because its namespace is going away: nothing to retry, the owner goes too. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!isApiError(error, 403)) return false
  return (
    (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating') ||
    error.message.includes('is being terminated')
  )
}
