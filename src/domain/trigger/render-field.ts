// Renders one template field of an event; what does not render is an error that names the event and the field.

import { KubeswarmError } from '../error.ts'
import { parseTemplate } from '../template/parse.ts'
import { enclosed, untrustedNotice } from '../run/untrusted-text.ts'
import { renderTemplate } from '../template/render.ts'

/** Throws `TemplateError`. */
export const renderField = ({
  text,
  data,
  field,
  event,
  untrusted,
}: {
  readonly text: string
  readonly data: unknown
  readonly field: string
  readonly event: string
  /** For text that a model reads as it is: what the firing brought is put between delimiters with this nonce. */
  readonly untrusted?: { readonly nonce: string }
}): string => {
  let marked = false
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') throw templateError({ field, event, ...parsed.errors[0] })
  const result = renderTemplate({
    template: parsed.template,
    data,
    ...(untrusted === undefined
      ? {}
      : {
          originOf,
          onValue: ({ text: value, origins }) => {
            if (origins.length === 0 || value === '') return value
            marked = true
            return enclosed({ text: value, origins, nonce: untrusted.nonce })
          },
        }),
  })
  if (result.type === 'error') throw templateError({ field, event, ...result })
  return marked && untrusted !== undefined
    ? `${untrustedNotice(untrusted.nonce)}\n\n${result.text}`
    : result.text
}

/** Name and time of a firing are our own words. */
const originOf = ([root, field]: readonly string[]): string | undefined =>
  root === 'body' || root === 'output' || (root === 'trigger' && field !== undefined && !ownWords.has(field))
    ? 'event'
    : undefined
const ownWords: ReadonlySet<string> = new Set(['name', 'firedAt'])

const templateError = ({
  field,
  event,
  message = 'the template is not valid',
  position,
  remedy,
}: {
  readonly field: string
  readonly event: string
  readonly message?: string
  readonly position?: { readonly line: number; readonly column: number }
  readonly remedy?: string
}): KubeswarmError =>
  new KubeswarmError({
    code: 'TemplateError',
    message: `cannot start the runs of SwarmEvent ${event}: ${field}${position === undefined ? '' : `, line ${position.line}, column ${position.column}`}: ${message}`,
    remedy: remedy ?? 'correct the template, or give it a default for what this body does not have',
  })
