// Templates of events: their syntax, and whether what they name is part of a trigger. What a sender's body holds is
// not known beforehand.

import type { FieldError } from '../error.ts'
import { joinPath } from '../../api/field-path.ts'
import type { SwarmEvent } from '../../api/v1alpha1/index.ts'
import { checkTemplate, type KnownData, openRoot } from '../template/check.ts'
import { parseTemplate } from '../template/parse.ts'
import { checkAlertReferences } from './check-alert-references.ts'

type SourceType = SwarmEvent['spec']['source']['type']

/** Also there without `.trigger`. */
const shortNames = ['body', 'output']

/** What a trigger brings beside its name and time. */
const brings: Readonly<Record<SourceType, readonly string[]>> = {
  webhook: ['body', 'alert', 'id', 'subject'],
  cron: [],
  'team-output': ['output', 'run'],
}

const dataOf = (type: SourceType): KnownData =>
  new Map([
    ['trigger', { noun: 'trigger field', names: ['name', 'firedAt', ...brings[type]] }],
    ...brings[type].filter((name) => shortNames.includes(name)).map((name) => [name, openRoot] as const),
  ])

const checkKnown = (path: string, text: string, known: KnownData): readonly FieldError[] => {
  const parsed = parseTemplate(text)
  const found = parsed.type === 'error' ? parsed.errors : checkTemplate({ template: parsed.template, known })
  return found.map(({ message, remedy, position }) => ({
    path,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    position,
  }))
}

export const checkEventTemplates = ({ source, targets }: SwarmEvent['spec']): readonly FieldError[] => {
  const { webhook } = source
  const known = dataOf(source.type)
  const check = (path: string, text: string | undefined): readonly FieldError[] =>
    text === undefined
      ? []
      : [...checkKnown(path, text, known), ...checkAlertReferences({ path, text, webhook })]
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
