// What makes two deliveries the same one: the id its sender gave it. A sender that gives none means each of them.

import { createHash } from 'node:crypto'

const ID_HEADERS = ['webhook-id', 'x-webhook-id', 'x-github-delivery', 'idempotency-key'] as const
const LONGEST_ID = 200

export const deliveryId = ({
  headers,
  newId,
}: {
  readonly headers: Headers
  readonly newId: () => string
}): string => {
  for (const name of ID_HEADERS) {
    const value = headers.get(name)?.trim()
    if (value === undefined || value === '') continue
    // The header is part of it: two senders' ids are not compared with each other.
    const id = `${name}:${value}`
    return id.length <= LONGEST_ID ? id : `${name}:sha256:${createHash('sha256').update(value).digest('hex')}`
  }
  return `once:${newId()}`
}
