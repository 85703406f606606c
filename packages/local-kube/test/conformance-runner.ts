/** Speaks to any API server as the conformance table does, and says what of an expectation an answer lacks. */
import { Agent, request } from 'undici'
import type { Row } from './conformance/row.ts'

export interface Target {
  readonly url: string
  readonly ca: string | undefined
  readonly token: string
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  /** The texts of `Warning` headers. */
  readonly warnings: readonly string[]
  /** JSON, for a watch the list of its events, else text. */
  readonly body: unknown
}

export type Request = Pick<Row, 'method' | 'path' | 'accept' | 'type' | 'body' | 'bytes' | 'token'>

export interface ConformanceClient {
  readonly send: (request: Request) => Promise<Answer>
  readonly close: () => Promise<void>
}

export function conformanceClient({ url, ca, token: adminToken }: Target): ConformanceClient {
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } })
  return {
    async send({
      method,
      path,
      accept = 'application/json',
      type = 'application/json',
      body,
      bytes,
      token = adminToken,
    }) {
      const sent = bytes === undefined ? undefined : Buffer.from(bytes, 'base64')
      const answer = await request(`${url}${path}`, {
        dispatcher,
        method,
        headers: {
          accept,
          'user-agent': 'conformance/1',
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined && bytes === undefined ? {} : { 'content-type': type }),
        },
        body: sent ?? (body === undefined ? null : JSON.stringify(body)),
      })
      const warnings = answer.headers['warning'] ?? []
      return {
        status: answer.statusCode,
        contentType: String(answer.headers['content-type'] ?? ''),
        warnings: (Array.isArray(warnings) ? warnings : [warnings]).map((header) =>
          header.replace(/^299 \S+ /, ''),
        ),
        body: parse(await answer.body.text(), /watch=true|\/watch\//.test(path) && answer.statusCode === 200),
      }
    },
    close: () => dispatcher.destroy(),
  }
}

function parse(text: string, isStream: boolean): unknown {
  try {
    if (!isStream) return JSON.parse(text)
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as unknown)
  } catch {
    // Health checks and metrics answer in plain text.
    return text
  }
}

/** What of `wanted` does not hold in `actual`, as readable lines. */
export function missing(wanted: unknown, actual: unknown, path = ''): string[] {
  const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? 'undefined'
  if (wanted instanceof RegExp)
    return typeof actual === 'string' && wanted.test(actual)
      ? []
      : [`${path}: ${show(actual)} does not match ${wanted}`]
  if (typeof wanted === 'function')
    return holds(wanted as (value: unknown) => boolean, actual)
      ? []
      : [`${path}: ${show(actual)} is not as wanted`]
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual)) return [`${path}: ${show(actual)} is not a list`]
    return wanted.flatMap((item, index) => missing(item, actual[index], `${path}[${index}]`))
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof actual !== 'object' || actual === null) return [`${path}: ${show(actual)} is not an object`]
    return Object.entries(wanted).flatMap(([key, value]) =>
      missing(value, (actual as Record<string, unknown>)[key], `${path}.${key}`),
    )
  }
  return wanted === actual ? [] : [`${path}: ${show(actual)} instead of ${show(wanted)}`]
}

function holds(predicate: (value: unknown) => boolean, value: unknown): boolean {
  try {
    return predicate(value)
  } catch {
    // A predicate written for a list, given something else.
    return false
  }
}
