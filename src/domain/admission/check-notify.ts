// A SwarmNotify, beyond what its schema can say: addresses that no request can be sent to, and templates.

import type { SwarmNotify } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../error.ts'
import { checkNotifyTemplate } from '../notify/notify-template.ts'
import { all, errors, type Findings } from './findings.ts'

export const checkNotify = ({ spec }: SwarmNotify): Findings =>
  all(
    spec.channels.flatMap(({ webhook, slack, template }, index) => {
      const path = `spec.channels[${index}]`
      return [
        errors(addressFits(`${path}.webhook.url`, webhook?.url)),
        errors(addressFits(`${path}.slack.apiURL`, slack?.apiURL)),
        errors(template === undefined ? [] : checkNotifyTemplate(`${path}.template`, template)),
      ]
    }),
  )

const addressFits = (path: string, text: string | undefined): readonly FieldError[] => {
  if (text === undefined) return []
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return [
      {
        path,
        message: 'is not an absolute http or https URL',
        remedy: 'Write it with its scheme: https://...',
      },
    ]
  if (url.username !== '' || url.password !== '')
    return [
      {
        path,
        message: 'holds a user name or password',
        remedy: 'Send it in a header, from a Secret (valueFrom).',
      },
    ]
  return []
}
