// A finding as one line for people: which object, which field, what was wrong, what to do.

import type { FieldError } from '../error.ts'
import type { KubernetesObject } from '../../api/resource.ts'

const describeObject = ({ kind, metadata }: Pick<KubernetesObject, 'kind' | 'metadata'>): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name ?? '(unnamed)'}`

/** `spec.output: template: … (line 2, column 5). Did you mean "x"?` */
export const describeField = ({ path, message, position, remedy }: FieldError): string => {
  const place = position === undefined ? '' : ` (line ${position.line}, column ${position.column})`
  const sentence = `${path}: ${message}${place}`
  if (remedy === undefined) return sentence
  const ended = /[.?!]$/.test(remedy) ? remedy : `${remedy}.`
  return `${sentence}. ${ended.charAt(0).toUpperCase()}${ended.slice(1)}`
}

export const describeFinding = (object: KubernetesObject, finding: FieldError): string =>
  `${describeObject(object)}: ${describeField(finding)}`
