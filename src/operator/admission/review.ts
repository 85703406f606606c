// AdmissionReview v1, in and out: what the API server asks and how it wants to be answered.

import type { KubernetesObject } from '../../api/resource.ts'
import { describeField } from '../../domain/admission/describe.ts'
import type { FieldError } from '../../domain/error.ts'

export interface AdmissionRequest {
  readonly uid: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly namespace?: string
  readonly object: KubernetesObject
  readonly oldObject?: KubernetesObject
}

export interface Verdict {
  /** The object is refused when there is one. */
  readonly errors: readonly FieldError[]
  /** One line each. */
  readonly warnings: readonly string[]
}

/** Throws TypeError for what is no review. */
export const parseReview = (body: unknown): AdmissionRequest => {
  const request = isRecord(body) ? body['request'] : undefined
  if (!isRecord(request) || typeof request['uid'] !== 'string' || !isRecord(request['object']))
    throw new TypeError('cannot read the AdmissionReview: it holds no request with uid and object')
  return request as unknown as AdmissionRequest
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** The API server passes on this much of a warning, and cuts the rest. */
const longestWarning = 256

export const answerReview = (
  { uid, object }: Pick<AdmissionRequest, 'uid' | 'object'>,
  found: Verdict,
): unknown => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: {
    uid,
    allowed: found.errors.length === 0,
    ...(found.errors.length === 0 ? {} : { status: refusal(object, found.errors) }),
    ...(found.warnings.length === 0 ? {} : { warnings: found.warnings.map(shorten) }),
  },
})

const refusal = ({ kind, metadata }: KubernetesObject, errors: readonly FieldError[]) => ({
  status: 'Failure',
  code: 422,
  reason: 'Invalid',
  message:
    errors.length === 1
      ? errors.map(describeField).join('')
      : `${kind} "${metadata.name}" is invalid:\n${errors.map((error) => `* ${describeField(error)}`).join('\n')}`,
  details: {
    name: metadata.name,
    kind,
    // kubectl prints these and not the message above, so each is whole: place and remedy included.
    causes: errors.map((error) => ({
      reason: 'FieldValueInvalid',
      field: error.path,
      message: describeField(error).slice(error.path.length + 2),
    })),
  },
})

const shorten = (text: string): string => {
  if (Buffer.byteLength(text) <= longestWarning) return text
  let end = longestWarning
  while (Buffer.byteLength(`${text.slice(0, end)}…`) > longestWarning) end -= 1
  return `${text.slice(0, end)}…`
}
