// What templates of an event read below `.trigger.alert`: there is one only with a preset, and its fields are known.

import type { FieldError } from '../error.ts'
import type { WebhookSource } from '../../api/v1alpha1/index.ts'
import { positionAt } from '../template/ast.ts'
import { parseTemplate } from '../template/parse.ts'
import { referencesOf } from '../template/references.ts'
import { alertFields } from '../trigger/alert.ts'
import { suggest } from './suggest.ts'

export const checkAlertReferences = ({
  path,
  text,
  webhook,
}: {
  readonly path: string
  readonly text: string
  readonly webhook: WebhookSource | undefined
}): readonly FieldError[] => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') return []
  return referencesOf(parsed.template).flatMap(({ path: names, at }): readonly FieldError[] => {
    const [root, alert, field] = names
    if (root !== 'trigger' || alert !== 'alert') return []
    const position = positionAt(text, at)
    if (webhook?.preset === undefined)
      return [
        {
          path,
          message: '.trigger.alert exists only for a webhook with a preset',
          remedy: 'Set spec.source.webhook.preset to the sender, or read .trigger.body.',
          position,
        },
      ]
    if (field === undefined || (alertFields as readonly string[]).includes(field)) return []
    return [
      {
        path,
        message: `.trigger.alert has no field "${field}"`,
        remedy: suggest({ wanted: field, known: alertFields, noun: 'fields' }),
        position,
      },
    ]
  })
}
