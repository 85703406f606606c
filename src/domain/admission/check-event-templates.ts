// Templates of events: their syntax, and whether what they name is part of a trigger. What a sender's body holds is
// not known beforehand.

import type { FieldError } from '../error.ts'
import { joinPath } from '../../api/field-path.ts'
import type { SwarmEvent, WebhookSource } from '../../api/v1alpha1/index.ts'
import { checkTemplate, type KnownData, openRoot } from '../template/check.ts'
import { parseTemplate } from '../template/parse.ts'
import { checkAlertReferences } from './check-alert-references.ts'

/** `.body` and `.output` are short for `.trigger.body` and `.trigger.output`. */
const triggerData: KnownData = new Map([
  [
    'trigger',
    { noun: 'trigger field', names: ['name', 'firedAt', 'output', 'body', 'alert', 'id', 'subject'] },
  ],
  ['body', openRoot],
  ['output', openRoot],
])

const checkText = (
  path: string,
  text: string | undefined,
  webhook: WebhookSource | undefined,
): readonly FieldError[] =>
  text === undefined ? [] : [...checkKnown(path, text), ...checkAlertReferences({ path, text, webhook })]

const checkKnown = (path: string, text: string): readonly FieldError[] => {
  const parsed = parseTemplate(text)
  const found =
    parsed.type === 'error' ? parsed.errors : checkTemplate({ template: parsed.template, known: triggerData })
  return found.map(({ message, remedy, position }) => ({
    path,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    position,
  }))
}

export const checkEventTemplates = ({ source, targets }: SwarmEvent['spec']): readonly FieldError[] => {
  const { webhook } = source
  const check = (path: string, text: string | undefined) => checkText(path, text, webhook)
  return [
    ...(['dedupKey', 'subjectKey', 'filter'] as const).flatMap((field) =>
      check(`spec.source.webhook.${field}`, webhook?.[field]),
    ),
    ...targets.flatMap(({ prompt, input = {} }, index) => [
      ...check(`spec.targets[${index}].prompt`, prompt),
      ...Object.entries(input).flatMap(([key, text]) =>
        check(joinPath(`spec.targets[${index}].input`, key), text),
      ),
    ]),
  ]
}
