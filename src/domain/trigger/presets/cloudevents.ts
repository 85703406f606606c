// CloudEvents 1.0 over HTTP, in binary mode (attributes in `ce-` headers, the body is the data) and in structured mode
// (the body has both). HTTP protocol binding 1.0.2, sections 3.1 and 3.2. A batch is several events and is refused.

import { severityOf, type Alert } from '../alert.ts'
import { Unfit, at, first } from '../body-reader.ts'
import type { HeaderReader } from '../signature.ts'
import type { ObjectValue } from '../../template/value.ts'
import { isObject } from '../../template/value.ts'
import type { Preset } from './preset.ts'
import { statusOf } from './standard-webhooks.ts'

export const cloudevents: Preset = {
  scheme: 'bearer',
  read: ({ body, header }) => {
    const { attribute, data } = eventIn(body, header)
    const [id, source, type] = [attribute('id'), attribute('source'), attribute('type')]
    for (const [name, value] of Object.entries({ id, source, type }))
      if (value === '') throw new Unfit(name, `is not in the data, nor is the header ce-${name}`)
    const subject = attribute('subject')
    const time = attribute('time')
    const alert: Alert = {
      id: subject === '' ? first(data, 'id') || id : subject,
      title:
        first(data, 'title', 'summary', 'message', 'name') ||
        [type, subject].filter((part) => part !== '').join(' '),
      description: first(data, 'description', 'message'),
      status: statusOf(first(data, 'status', 'state')),
      severity: severityOf(first(data, 'severity', 'priority')),
      service: first(data, 'service') || source,
      source: 'cloudevents',
      type,
      url: first(data, 'url', 'html_url'),
      startedAt: time,
      actor: first(data, 'actor', 'user'),
      count: 1,
      labels: { source, subject },
    }
    return {
      type: 'alert',
      alert,
      // Producers must make source and id together unique.
      id: `${source} ${id}`,
      ...(time === '' ? {} : { occurredAt: time }),
      actors: [alert.actor, source],
      starts: true,
      unless: '',
    }
  },
}

const eventIn = (
  body: ObjectValue,
  header: HeaderReader,
): { readonly attribute: (name: string) => string; readonly data: unknown } => {
  if (header('ce-specversion') !== undefined)
    return { attribute: (name) => decoded(header(`ce-${name}`) ?? ''), data: body }
  if (first(body, 'specversion') === '')
    throw new Unfit('specversion', 'is not in the data, nor is the header ce-specversion')
  const data = at(body, 'data')
  return { attribute: (name) => first(body, name), data: isObject(data) ? data : {} }
}

/** Values of headers are percent-encoded (section 3.1.3.2). */
const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
