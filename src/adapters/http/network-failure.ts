// What went wrong on the way to a server, read from the chain of causes that clients wrap it in.

interface NetworkFailure {
  readonly kind:
    'refused' | 'not-found' | 'timeout' | 'reset' | 'tls' | 'aborted' | 'too-large' | 'forbidden' | 'other'
  readonly message: string
}

/** The answer was larger than the reader allows. */
export class ResponseTooLargeError extends Error {
  readonly code = 'RESPONSE_TOO_LARGE'
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`)
    this.name = 'ResponseTooLargeError'
    this.maxBytes = maxBytes
  }
}

export const networkFailure = (error: unknown): NetworkFailure => {
  const chain = causes(error)
  for (const { code, name, message } of chain) {
    const kind = kindOf({ code, name })
    if (kind !== undefined) return { kind, message: message || code }
  }
  return { kind: 'other', message: chain.at(-1)?.message ?? String(error) }
}

const kindOf = ({ code, name }: { code: string; name: string }): NetworkFailure['kind'] | undefined => {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'not-found'
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'ETIMEDOUT':
      return 'timeout'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return 'reset'
    case 'RESPONSE_TOO_LARGE':
      return 'too-large'
    case 'ADDRESS_FORBIDDEN':
      return 'forbidden'
    case 'UND_ERR_ABORTED':
      return 'aborted'
    default:
  }
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)) return 'tls'
  if (name === 'TimeoutError') return 'timeout'
  if (name === 'AbortError') return 'aborted'
  return undefined
}

interface Cause {
  readonly code: string
  readonly name: string
  readonly message: string
}

const MAX_DEPTH = 10

const causes = (error: unknown): readonly Cause[] => {
  const found: Cause[] = []
  const visit = (value: unknown, depth: number): void => {
    if (!(value instanceof Error) || depth > MAX_DEPTH) return
    const { code } = value as { code?: unknown }
    found.push({ code: typeof code === 'string' ? code : '', name: value.name, message: value.message })
    if (value instanceof AggregateError) for (const inner of value.errors) visit(inner, depth + 1)
    visit(value.cause, depth + 1)
  }
  visit(error, 0)
  return found
}
