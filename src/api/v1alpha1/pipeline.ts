// The steps of a pipeline: which role works, on what, after whom.

import {
  choice,
  described,
  integer,
  list,
  object,
  optional,
  text,
  textMap,
  texts,
  type TypeOf,
} from '../schema.ts'
import { LocalObjectReference } from './references.ts'
import { StepContextPolicy, StepValidation } from './step-context.ts'

const LoopSpec = object('Repeats a step.', {
  condition: text('Template; the step is repeated while it gives a true value.'),
  maxIterations: optional(integer('Most repetitions.', { default: 10, minimum: 1, maximum: 100 })),
})

const ArtifactSpec = object('A file a step leaves behind.', {
  name: text('Name of the file.', { minLength: 1 }),
  description: optional(text('What it holds.')),
  contentType: optional(text('Media type.')),
})

const RegistryLookupSpec = object('Finds the agent of a step when the step starts.', {
  capability: text('Capability the agent must offer.', { minLength: 1 }),
  tags: optional(texts('Tags it must carry.', { maxItems: 100 })),
  strategy: optional(
    choice(['least-busy', 'round-robin', 'random'], 'Which of several agents to take.', {
      default: 'least-busy',
    }),
  ),
  registryRef: optional(described('SwarmRegistry to ask.', LocalObjectReference)),
  fallback: optional(text('Agent to take when none is found.')),
})

export const SwarmTeamPipelineStep = object('One step of the pipeline.', {
  role: text('Role that does the work.', { minLength: 1 }),
  name: optional(
    text('Name of the step, unique in the pipeline. Left out: the role. Lets one role serve several steps.', {
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    }),
  ),
  inputs: optional(
    textMap(
      'What the step is given: templates by name. `prompt` alone becomes plain text, others become blocks under their names. Left out: the run’s input.',
    ),
  ),
  dependsOn: optional(texts('Steps that must have succeeded before.', { maxItems: 20 })),
  if: optional(
    text(
      'Template; the step is skipped when it gives an empty text, `false`, `0` or `no`. An error fails the step.',
    ),
  ),
  loop: optional(LoopSpec),
  outputSchema: optional(
    text(
      'JSON Schema of the output, as JSON text. The model is told; what it answers must fit, and only that JSON is handed on, without the words around it. Readable as `.steps.<name>.data`. A model whose answer does not fit is asked again up to twice, unless validate says otherwise.',
    ),
  ),
  validate: optional(StepValidation),
  outputArtifacts: optional(list(ArtifactSpec, 'Files the step leaves behind.', { maxItems: 20 })),
  inputArtifacts: optional(textMap('Files of earlier steps, as `<step>.<file>` by local name.')),
  registryLookup: optional(RegistryLookupSpec),
  contextPolicy: optional(StepContextPolicy),
  maxOutputBytes: optional(
    integer('Bytes of output kept; longer outputs are cut and say so.', { default: 65536, minimum: 0 }),
  ),
  mustCall: optional(
    texts(
      'Patterns over `<server>/<tool>`. The step succeeds only when the journal shows a successful call for each: a model that merely says it posted the message has failed.',
      { maxItems: 20 },
    ),
  ),
})
export type SwarmTeamPipelineStep = TypeOf<typeof SwarmTeamPipelineStep>

export const pipeline = optional(
  list(SwarmTeamPipelineStep, 'The steps. Steps that do not depend on each other run at the same time.', {
    maxItems: 200,
  }),
)
