/** The parameters of a write that are refused before anything else is looked at. */
import { fieldForbidden, fieldNotSupported, fieldRequired } from '../schema/field-error.ts'
import type { FieldError } from '../schema/field-error.ts'
import { StatusError, invalidOptions } from '../status-error.ts'

const KINDS: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
}

export function checkWriteOptions({
  method,
  query,
  isApply,
}: {
  readonly method: string
  readonly query: URLSearchParams
  readonly isApply: boolean
}): void {
  const kind = KINDS[method]
  if (kind === undefined) return
  const errors: FieldError[] = []
  if (method === 'PATCH') {
    if (isApply && (query.get('fieldManager') ?? '') === '')
      errors.push(fieldRequired('fieldManager', 'is required for apply patch'))
    if (!isApply && query.has('force'))
      errors.push(fieldForbidden('force', 'may not be specified for non-apply patch'))
  }
  const dryRun = query.getAll('dryRun').filter((value) => value !== '')
  if (dryRun.some((value) => value !== 'All')) errors.push(fieldNotSupported('dryRun', dryRun, ['All']))
  const validation = query.get('fieldValidation') ?? ''
  if (method !== 'DELETE' && !['', 'Ignore', 'Strict', 'Warn'].includes(validation))
    errors.push(fieldNotSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  refuse(kind, errors)
}

const POLICIES = ['Foreground', 'Background', 'Orphan']

export function checkPropagation(policy: string | undefined): void {
  if (policy === undefined || policy === '' || POLICIES.includes(policy)) return
  refuse('DeleteOptions', [fieldNotSupported('propagationPolicy', policy, [...POLICIES, 'nil'])])
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length === 0) return
  throw invalidOptions(
    kind,
    errors.map(({ type, message, path }) => ({ reason: type, message, field: path })),
  )
}

const READABLE = /^\s*(\*\/\*|application\/(\*|json|yaml|vnd\.kubernetes\.protobuf))\s*(;|$)/

/** What nobody here can write is refused before it is done. */
export function checkAccept(accept: string, isCustom: boolean): void {
  if (accept === '' || accept.split(',').some((option) => READABLE.test(option))) return
  throw new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: isCustom
      ? 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'
      : '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    details: {},
  })
}
