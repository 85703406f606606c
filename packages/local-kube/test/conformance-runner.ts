/** Runs rows of the conformance table against any API server: a base URL, a CA and a token. */
import { Agent, request } from 'undici'
import type { Row } from './conformance-table.ts'

export interface Target {
  readonly url: string
  readonly ca: string | undefined
  readonly token: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export function conformanceClient({ url, ca, token }: Target): {
  readonly send: (row: Pick<Row, 'method' | 'path' | 'accept' | 'type' | 'body'>) => Promise<Answer>
  readonly close: () => Promise<void>
} {
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } })
  return {
    async send({ method, path, accept = 'application/json', type = 'application/json', body }) {
      const answer = await request(`${url}${path}`, {
        dispatcher,
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept,
          ...(body === undefined ? {} : { 'content-type': type }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const text = await answer.body.text()
      let parsed: unknown = text
      try {
        parsed = JSON.parse(text)
      } catch {
        // Health checks answer in plain text.
      }
      return { status: answer.statusCode, body: parsed }
    },
    close: () => dispatcher.destroy(),
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
    return (wanted as (value: unknown) => boolean)(actual)
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
