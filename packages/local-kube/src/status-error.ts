/** The errors of a Kubernetes API server: each is a `Status` object with the reason, details and words clients expect. */
import type { JsonObject, JsonValue } from './json.ts'

export interface Cause {
  readonly reason?: string
  readonly message: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly Cause[]
  readonly retryAfterSeconds?: number
}

export class StatusError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  constructor({
    code,
    reason,
    message,
    details,
  }: {
    code: number
    reason: string
    message: string
    details?: StatusDetails
  }) {
    super(message)
    this.name = 'StatusError'
    this.code = code
    this.reason = reason
    this.details = details
  }

  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined
        ? {}
        : { details: JSON.parse(JSON.stringify(this.details)) as JsonValue }),
      code: this.code,
    }
  }
}

export interface ResourceRef {
  readonly group: string
  /** The plural, or for `invalid` the kind. */
  readonly resource: string
}

const qualified = ({ group, resource }: ResourceRef): string =>
  group === '' ? resource : `${resource}.${group}`
const detailsOf = ({ group, resource }: ResourceRef, name: string): StatusDetails => ({
  ...(name === '' ? {} : { name }),
  ...(group === '' ? {} : { group }),
  kind: resource,
})

export const notFound = (ref: ResourceRef, name: string): StatusError =>
  new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(ref)} "${name}" not found`,
    details: detailsOf(ref, name),
  })

/** Nothing is served below this path at all; clients are told in plain text. */
export class NoSuchPathError extends Error {
  readonly text = '404 page not found\n'
}

export const noSuchPath = (): NoSuchPathError => new NoSuchPathError('404 page not found')

export const noSuchRoute = (): StatusError =>
  new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  })

export const alreadyExists = (ref: ResourceRef, name: string): StatusError =>
  new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualified(ref)} "${name}" already exists`,
    details: detailsOf(ref, name),
  })

export const conflict = (ref: ResourceRef, name: string, why?: string): StatusError =>
  new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(ref)} "${name}": ${
      why ?? 'the object has been modified; please apply your changes to the latest version and try again'
    }`,
    details: detailsOf(ref, name),
  })

/** `causes` already carry their message without the field; the whole reads `Kind "name" is invalid: field: message`. */
export function invalid(ref: ResourceRef, name: string, causes: readonly Cause[]): StatusError {
  const lines = causes.map((cause) =>
    cause.field === undefined ? cause.message : `${cause.field}: ${cause.message}`,
  )
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified(ref)} "${name}" is invalid: ${text}`,
    details: { ...detailsOf(ref, name), causes },
  })
}

/** What a real API server did not foresee either: a code without a reason. */
export const unexpected = (message: string): StatusError =>
  new StatusError({ code: 500, reason: '', message })

export const badRequest = (message: string): StatusError =>
  new StatusError({ code: 400, reason: 'BadRequest', message })

export const forbidden = (
  ref: ResourceRef,
  name: string,
  why: string,
  causes?: readonly Cause[],
): StatusError =>
  new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${qualified(ref)} "${name}" is forbidden: ${why}`,
    details: { ...detailsOf(ref, name), ...(causes === undefined ? {} : { causes }) },
  })

export const unauthorized = (): StatusError =>
  new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' })

export const methodNotAllowed = (): StatusError =>
  new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  })

/** What is wrong with the parameters of a request, as the options object they stand for. */
export const invalidOptions = (kind: string, causes: readonly Cause[]): StatusError => {
  const error = invalid({ group: 'meta.k8s.io', resource: kind }, '', causes)
  return new StatusError({
    code: error.code,
    reason: error.reason,
    message: error.message,
    details: { group: 'meta.k8s.io', kind, causes },
  })
}

export const unsupportedMediaType = (message: string): StatusError =>
  new StatusError({ code: 415, reason: 'UnsupportedMediaType', message })

export const expired = (message: string): StatusError =>
  new StatusError({ code: 410, reason: 'Expired', message })

export const entityTooLarge = (message: string): StatusError =>
  new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message })

export const tooLarge = (): StatusError => entityTooLarge('Request entity too large: limit is 3145728')

export const internalError = (message: string): StatusError =>
  new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  })

export const serviceUnavailable = (message: string): StatusError =>
  new StatusError({ code: 503, reason: 'ServiceUnavailable', message })
