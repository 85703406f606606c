// The query of a log request, parsed once, and which lines it asks for.

import type { LogLine } from './container-log.ts'

export interface LogOptions {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines?: number
  readonly limitBytes?: number
  /** Lines before this time (RFC 3339, same precision as written) are left out. */
  readonly since?: string
  readonly stream?: 'stdout' | 'stderr'
}

export type ParsedLogOptions =
  | { readonly type: 'valid'; readonly options: LogOptions }
  | { readonly type: 'invalid'; readonly message: string }

export function parseLogOptions({
  query,
  now,
}: {
  readonly query: URLSearchParams
  readonly now: number
}): ParsedLogOptions {
  const problems: string[] = []
  const natural = (name: string): number | undefined => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    if (!/^\d+$/.test(text)) problems.push(`${name}: must be a natural number, got "${text}"`)
    return Number(text)
  }
  const flag = (name: string): boolean => ['true', '1', ''].includes(query.get(name) ?? 'false')
  const tailLines = natural('tailLines')
  const limitBytes = natural('limitBytes')
  const sinceSeconds = natural('sinceSeconds')
  const sinceTime = query.get('sinceTime')
  const sinceMilliseconds =
    sinceSeconds !== undefined ? now - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined
  if (Number.isNaN(sinceMilliseconds))
    problems.push(`sinceTime: must be an RFC 3339 time, got "${sinceTime}"`)
  if (problems.length > 0) return { type: 'invalid', message: problems.join('; ') }
  const stream = query.get('stream')?.toLowerCase()
  return {
    type: 'valid',
    options: {
      follow: flag('follow'),
      previous: flag('previous'),
      timestamps: flag('timestamps'),
      ...(tailLines !== undefined && { tailLines }),
      ...(limitBytes !== undefined && { limitBytes }),
      ...(sinceMilliseconds !== undefined && {
        since: new Date(sinceMilliseconds).toISOString().replace('Z', '000000Z'),
      }),
      ...((stream === 'stdout' || stream === 'stderr') && { stream }),
    },
  }
}

export function isWanted(line: LogLine, { since, stream }: LogOptions): boolean {
  return (since === undefined || line.time >= since) && (stream === undefined || line.stream === stream)
}

export const formatLine = (line: LogLine, { timestamps }: LogOptions): string =>
  timestamps ? `${line.time} ${line.text}\n` : `${line.text}\n`
