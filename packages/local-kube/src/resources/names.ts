/** Names, labels and generated suffixes: the rules of Kubernetes' own validation, in its words. */
import { randomInt } from 'node:crypto'
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { FieldError } from '../schema/field-error.ts'
import { fieldInvalid, fieldRequired } from '../schema/field-error.ts'

const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789'
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SERVICE = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const subdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const serviceWords =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const valueWords =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const keyWords =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

const OWNER_WORDS: Readonly<Record<string, string>> = {
  apiVersion: 'version must not be empty',
  kind: 'must not be empty',
  name: 'must not be empty',
  uid: 'must not be empty',
}

export function generateName(base: string): string {
  let suffix = ''
  for (let index = 0; index < 5; index += 1) suffix += SUFFIX[randomInt(SUFFIX.length)]
  return base.slice(0, 58) + suffix
}

function nameProblem(group: string, kind: string, name: string): string | undefined {
  if (group === 'rbac.authorization.k8s.io') {
    return /[/%]/.test(name) || name === '.' || name === '..' ? "may not contain '/'" : undefined
  }
  const isLabel = group === '' && kind === 'Namespace'
  const isService = group === '' && kind === 'Service'
  const limit = isLabel || isService ? 63 : 253
  if (name.length > limit)
    return `must be no more than ${limit} ${limit === 63 ? 'characters' : 'characters'}`
  if (isService) return SERVICE.test(name) ? undefined : serviceWords
  if (isLabel && name.includes('.')) return 'must not contain dots'
  if (isLabel) return LABEL.test(name) ? undefined : labelWords
  return SUBDOMAIN.test(name) ? undefined : subdomainWords
}

export function validateMetadata({
  group,
  kind,
  object,
}: {
  group: string
  kind: string
  object: JsonObject
}): FieldError[] {
  const errors: FieldError[] = []
  const metadata = asObject(object['metadata'])
  const name = metadata['name']
  if (typeof name !== 'string' || name === '') {
    errors.push(fieldRequired('metadata.name', 'name or generateName is required'))
  } else {
    const problem = nameProblem(group, kind, name)
    if (problem !== undefined) errors.push(fieldInvalid('metadata.name', name, problem))
  }
  for (const [key, value] of Object.entries(asObject(metadata['labels']))) {
    errors.push(...validateKey('metadata.labels', key))
    if (typeof value !== 'string')
      errors.push(fieldInvalid('metadata.labels', value ?? null, 'must be a string'))
    else if (value.length > 63)
      errors.push(fieldInvalid('metadata.labels', value, 'must be no more than 63 bytes'))
    else if (value !== '' && !QUALIFIED.test(value))
      errors.push(fieldInvalid('metadata.labels', value, valueWords))
  }
  for (const [key, value] of Object.entries(asObject(metadata['annotations']))) {
    errors.push(...validateKey('metadata.annotations', key.toLowerCase()))
    if (typeof value !== 'string')
      errors.push(fieldInvalid('metadata.annotations', value ?? null, 'must be a string'))
  }
  for (const owner of asArray(metadata['ownerReferences']).map(asObject)) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'])
      if (asString(owner[field]) === '')
        errors.push(fieldInvalid(`metadata.ownerReferences.${field}`, '', OWNER_WORDS[field] ?? ''))
  }
  const finalizers = valueAt(metadata, 'finalizers')
  for (const [index, finalizer] of (Array.isArray(finalizers) ? finalizers : []).entries()) {
    if (
      typeof finalizer === 'string' &&
      !finalizer.includes('/') &&
      finalizer !== 'foregroundDeletion' &&
      finalizer !== 'orphan' &&
      group === ''
    ) {
      errors.push(
        fieldInvalid(
          `metadata.finalizers[${index}]`,
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      )
    }
  }
  return errors
}

function validateKey(path: string, key: string): FieldError[] {
  const parts = key.split('/')
  const bare = parts.at(-1) ?? ''
  if (parts.length > 2)
    return [fieldInvalid(path, key, 'a qualified name ' + keyWords.slice('name part '.length))]
  if (parts.length === 2 && !SUBDOMAIN.test(parts[0] ?? ''))
    return [fieldInvalid(path, key, `prefix part ${subdomainWords}`)]
  if (bare.length > 63) return [fieldInvalid(path, key, 'name part must be no more than 63 bytes')]
  return QUALIFIED.test(bare) ? [] : [fieldInvalid(path, key, keyWords)]
}
