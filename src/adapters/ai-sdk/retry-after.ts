// When a provider wants to be asked again, in milliseconds: from its headers, or from the body where Gemini puts it.

export const retryAfterMs = ({
  headers,
  body,
  now,
}: {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly now: number
}): number | undefined =>
  milliseconds(headers['retry-after-ms']) ?? seconds(headers['retry-after'], now) ?? retryDelay(body)

const milliseconds = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text.trim()) ? Math.ceil(Number(text)) : undefined

/** Seconds or an HTTP date. A negative number says nothing; a date that has passed says now. */
const seconds = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Math.ceil(Number(text) * 1000)
  if (!/[a-z]/i.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

const retryDelay = (body: string): number | undefined => {
  const found = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(body)?.[1]
  return found === undefined ? undefined : Math.ceil(Number(found) * 1000)
}
