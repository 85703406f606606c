// How one step's output becomes part of the next one's prompt, and how it is checked before.

import { choice, integer, object, optional, text, texts } from '../schema.ts'

const ContextCompressConfig = object('How to shorten an output.', {
  targetTokens: optional(integer('Tokens to aim for.')),
  model: optional(text('Model that shortens. Left out: the agent’s own.')),
  prompt: optional(text('What the shortened text must keep.')),
})

export const StepContextPolicy = object('What later steps see of an output.', {
  strategy: optional(
    choice(
      ['full', 'compress', 'extract', 'none'],
      '`full` all of it, `compress` a summary, `extract` the part at extractPath, `none` nothing.',
      { default: 'full' },
    ),
  ),
  compress: optional(ContextCompressConfig),
  extractPath: optional(text('Path or regular expression of the part to keep.')),
})

export const StepValidation = object('What an output must satisfy before the step counts as done.', {
  contains: optional(text('Regular expression (RE2) that must match somewhere.')),
  schema: optional(
    text('JSON Schema, as JSON text, that the JSON in the output must satisfy; the output stays as it is.'),
  ),
  semantic: optional(text('Question to a model that judges the output.')),
  semanticModel: optional(text('Model that judges. Left out: the step’s own.')),
  onFailure: optional(
    choice(
      ['fail', 'retry'],
      'Whether a bad output fails the step, or the model is told what is wrong and asked again.',
      {
        default: 'fail',
      },
    ),
  ),
  maxRetries: optional(integer('How often it is asked for again.', { default: 2, minimum: 0, maximum: 10 })),
  rejectPatterns: optional(texts('Regular expressions (RE2) that must match nowhere.', { maxItems: 50 })),
})
