// The user message of a step: its inputs in the order of the manifest. Values that other steps or an event produced
// enter as data, between delimiters that their author could not know. The delimiters help a model to tell data from
// instructions; what an agent may do never depends on them.

import { parseTemplate } from '../template/parse.ts'
import { renderTemplate } from '../template/render.ts'
import type { RenderResult } from '../template/render.ts'
import { truthy } from '../template/truthy.ts'
import type { RunData } from './run-data.ts'
import type { RunSnapshot, StepPlan } from './snapshot.ts'
import { enclosed, untrustedNotice } from './untrusted-text.ts'

export interface StepPromptRequest {
  readonly snapshot: RunSnapshot
  readonly step: StepPlan
  readonly data: RunData
  /** Part of the delimiters; nobody who writes an output or an event may know it. */
  readonly nonce: string
}

export type Rendered =
  | { readonly type: 'text'; readonly text: string }
  /** `field` is the step's own: `inputs.alert`, `if`. */
  | { readonly type: 'error'; readonly field: string; readonly message: string }

export const stepPrompt = ({ snapshot, step, data, nonce }: StepPromptRequest): Rendered => {
  let marked = false
  const onValue = ({
    text,
    origins,
  }: {
    readonly text: string
    readonly origins: readonly string[]
  }): string => {
    if (origins.length === 0 || text === '') return text
    marked = true
    return enclosed({ text, origins, nonce })
  }
  const originOf = originIn(snapshot)
  const blocks: string[] = []
  for (const { name, template } of step.inputs) {
    const field = `inputs.${name}`
    const rendered = render(template, field, (parsed) =>
      renderTemplate({ template: parsed, data, originOf, onValue }),
    )
    if (rendered.type === 'error') return rendered
    blocks.push(name === 'prompt' ? rendered.text : `${name}:\n${rendered.text}`)
  }
  // Providers refuse an empty message; a step may well live by its agent's prompt alone.
  const text = blocks.join('\n\n') || 'Begin.'
  return { type: 'text', text: marked ? `${untrustedNotice(nonce)}\n\n${text}` : text }
}

/** Whether the step's `if` lets it run. Values are compared as they are, without delimiters. */
export const stepCondition = ({
  condition,
  data,
}: {
  readonly condition: string
  readonly data: RunData
}): { readonly type: 'runs' | 'skipped' } | (Rendered & { readonly type: 'error' }) => {
  const rendered = renderPlain({ text: condition, field: 'if', data })
  if (rendered.type === 'error') return rendered
  return { type: truthy(rendered.text) ? 'runs' : 'skipped' }
}

/** A template without delimiters, for text that no model reads as a prompt. */
export const renderPlain = ({
  text,
  field,
  data,
}: {
  readonly text: string
  readonly field: string
  readonly data: RunData
}): Rendered => render(text, field, (template) => renderTemplate({ template, data }))

type Parsed = Parameters<typeof renderTemplate>[0]['template']

const render = (text: string, field: string, work: (template: Parsed) => RenderResult): Rendered => {
  const parsed = parseTemplate(text)
  const fault = parsed.type === 'error' ? parsed.errors[0] : undefined
  const result = parsed.type === 'template' ? work(parsed.template) : undefined
  if (result?.type === 'text') return { type: 'text', text: result.text }
  const { message, remedy, position } = fault ??
    (result?.type === 'error' ? result : undefined) ?? {
      message: 'cannot be read',
      position: { line: 1, column: 1 },
    }
  const advice = remedy === undefined ? '' : ` (${remedy})`
  const place = `line ${position.line}, column ${position.column}`
  return { type: 'error', field, message: `the template of ${field} fails at ${place}: ${message}${advice}` }
}

const originIn =
  ({ untrustedInput }: RunSnapshot) =>
  ([root, name, field]: readonly string[]): string | undefined => {
    if (root === 'input' && name !== undefined && untrustedInput === true) return 'event'
    // The status of a step is our own word.
    return root === 'steps' && name !== undefined && field !== undefined && field !== 'status'
      ? `step ${name}`
      : undefined
  }
