/** Which parameters of a list or a watch go together, in the words of Kubernetes' own validation. */
import { fieldForbidden, fieldNotSupported } from '../schema/field-error.ts'
import type { FieldError } from '../schema/field-error.ts'
import { invalidOptions } from '../status-error.ts'

const MATCHES = ['Exact', 'NotOlderThan', '']

export const notANumber = (version: string): string =>
  `resourceVersion: Invalid value: "${version}": strconv.ParseUint: parsing "${version}": invalid syntax`

export function checkListOptions(query: URLSearchParams, isWatch: boolean): void {
  const errors = isWatch ? watchErrors(query) : listErrors(query)
  if (errors.length === 0) return
  throw invalidOptions(
    'ListOptions',
    errors.map(({ type, message, path }) => ({ reason: type, message, field: path })),
  )
}

function listErrors(query: URLSearchParams): readonly FieldError[] {
  const match = query.get('resourceVersionMatch') ?? ''
  const version = query.get('resourceVersion') ?? ''
  const errors: FieldError[] = []
  if (match !== '') {
    if (version === '')
      errors.push(
        fieldForbidden(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
      )
    if ((query.get('continue') ?? '') !== '')
      errors.push(
        fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
      )
    if (!MATCHES.includes(match)) errors.push(fieldNotSupported('resourceVersionMatch', match, MATCHES))
    if (match === 'Exact' && version === '0')
      errors.push(
        fieldForbidden(
          'resourceVersionMatch',
          'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
      )
  }
  if (query.has('sendInitialEvents'))
    errors.push(fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function watchErrors(query: URLSearchParams): readonly FieldError[] {
  const match = query.get('resourceVersionMatch') ?? ''
  const errors: FieldError[] = []
  const initial = query.has('sendInitialEvents')
  if (initial && match === '')
    errors.push(
      fieldForbidden(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    )
  if (match !== '') {
    if (!initial)
      errors.push(
        fieldForbidden(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      )
    if (match !== 'NotOlderThan')
      errors.push(fieldNotSupported('resourceVersionMatch', match, ['NotOlderThan']))
    if ((query.get('continue') ?? '') !== '')
      errors.push(
        fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'),
      )
  }
  return errors
}
