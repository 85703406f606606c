// Renders one template field of an event; what does not render is an error that names the event and the field.

import { KubeswarmError } from '../error.ts'
import { parseTemplate } from '../template/parse.ts'
import { renderTemplate } from '../template/render.ts'

/** Throws `TemplateError`. */
export const renderField = ({
  text,
  data,
  field,
  event,
}: {
  readonly text: string
  readonly data: unknown
  readonly field: string
  readonly event: string
}): string => {
  const parsed = parseTemplate(text)
  if (parsed.type === 'error') throw templateError({ field, event, ...parsed.errors[0] })
  const result = renderTemplate({ template: parsed.template, data })
  if (result.type === 'error') throw templateError({ field, event, ...result })
  return result.text
}

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
