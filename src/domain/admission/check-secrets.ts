// Texts in a manifest that look like credentials. A manifest is read by everyone who may read the namespace, and it is
// kept in Git: such a text belongs in a Secret. Never quotes what it found.

import type { FieldError } from '../error.ts'
import { formatPath, type PathSegment } from '../../api/field-path.ts'

const credentials: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'an OpenAI or Anthropic API key', pattern: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}/ },
  { what: 'a Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}/ },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,})/ },
  { what: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/ },
  { what: 'a Slack webhook address', pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/\w+/ },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/ },
  { what: 'a JSON web token', pattern: /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/ },
  { what: 'a Grafana token', pattern: /\bgls[ac]_[A-Za-z0-9_]{20,}/ },
  { what: 'a bearer token', pattern: /\b(?:Bearer|Token token=)\s*[A-Za-z0-9._~+/-]{20,}/ },
]

const walk = (value: unknown, path: readonly PathSegment[]): readonly FieldError[] => {
  if (typeof value === 'string') {
    const found = credentials.find(({ pattern }) => pattern.test(value))
    if (found === undefined) return []
    return [
      {
        path: formatPath(path),
        message: `looks like ${found.what}; everyone who may read the object can read it`,
        remedy: 'Put it in a Secret and refer to the Secret. Treat the value as known to others.',
      },
    ]
  }
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => walk(item, [...path, index]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => walk(inner, [...path, key]))
}

const headerNames = /^(authorization|proxy-authorization|x-api-key|api-key|cookie)$/i

/** Headers whose very name says that the value is a credential. */
const secretHeaders = (spec: unknown, path: readonly PathSegment[]): readonly FieldError[] => {
  if (Array.isArray(spec))
    return spec.flatMap((item: unknown, index) => secretHeaders(item, [...path, index]))
  if (typeof spec !== 'object' || spec === null) return []
  const { name, value } = spec as { readonly name?: unknown; readonly value?: unknown }
  const here =
    typeof name === 'string' && typeof value === 'string' && headerNames.test(name)
      ? [
          {
            path: formatPath([...path, 'value']),
            message: `the header "${name}" carries a credential in plain text`,
            remedy: 'Use secretKeyRef instead of value.',
          },
        ]
      : []
  return [...here, ...Object.entries(spec).flatMap(([key, inner]) => secretHeaders(inner, [...path, key]))]
}

export const checkSecrets = (object: { readonly spec?: unknown }): readonly FieldError[] => {
  const headers = secretHeaders(object.spec, ['spec'])
  const covered = new Set(headers.map(({ path }) => path))
  return [...headers, ...walk(object.spec, ['spec']).filter(({ path }) => !covered.has(path))]
}
