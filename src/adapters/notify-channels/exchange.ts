// One request and what became of it, in the words of the port. The URL may be a secret (an incoming webhook's is):
// what is said of it is its host.

import type { ChannelOutcome } from '../../ports/notify-channels.ts'
import { networkFailure } from '../http/network-failure.ts'
import type { Fetch } from '../http/create-fetch.ts'

type Failed = Extract<ChannelOutcome, { type: 'failed' }>

type Exchanged = { readonly type: 'answered'; readonly status: number; readonly body: string } | Failed

const longestWaitMs = 15_000

export const exchange = async ({
  fetch,
  url,
  method = 'POST',
  headers,
  body,
}: {
  readonly fetch: Fetch
  readonly url: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}): Promise<Exchanged> => {
  const target = webAddress(url)
  if (target === undefined)
    return permanently('the address is not an http or https URL without user and password')
  try {
    const response = await fetch(target, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(longestWaitMs),
    })
    const text = await response.text()
    const { status } = response
    if (status >= 200 && status < 300) return { type: 'answered', status, body: text }
    const said = text.trim()
    const error = `${target.host} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`
    if (status >= 300 && status < 400) return permanently(`${error} (redirects are not followed)`)
    const busy = status === 408 || status === 425 || status === 429 || status >= 500
    const retryAfterMs = retryAfter(response.headers.get('retry-after'))
    return {
      type: 'failed',
      error,
      permanent: !busy,
      unreachable: busy,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }
  } catch (error) {
    const { kind, message } = networkFailure(error)
    if (kind === 'forbidden') return permanently(message)
    return {
      type: 'failed',
      error: `cannot reach ${target.host}: ${message}`,
      permanent: kind === 'too-large',
      unreachable: true,
    }
  }
}

export const permanently = (error: string): Failed => ({
  type: 'failed',
  error,
  permanent: true,
  unreachable: false,
})

const webAddress = (text: string): URL | undefined => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const plain = url.username === '' && url.password === ''
  return plain && (url.protocol === 'https:' || url.protocol === 'http:') ? url : undefined
}

/** Seconds, or an HTTP date. */
const retryAfter = (header: string | null): number | undefined => {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
