// SwarmRun: one execution of a team or an agent, and its record.

import {
  choice,
  described,
  flag,
  integer,
  list,
  longInteger,
  object,
  optional,
  text,
  textMap,
  time,
  type TypeOf,
} from '../schema.ts'
import { ageColumn, type KindDefinition } from '../definition.ts'
import type { KubernetesObject } from '../resource.ts'
import { conditions, observedGeneration } from './conditions.ts'
import { pipeline } from './pipeline.ts'
import { type ApiVersion, swarmRuns } from './resources.ts'
import { StepContextPolicy } from './step-context.ts'
import { PipelineStepStatus, SearchTreeStatus } from './step-status.ts'
import { SwarmTeamRoutingSpec, SwarmTeamSearchSpec } from './team-modes.ts'
import { roles } from './team-role.ts'
import { TokenUsage } from './usage.ts'

export const runPhases = ['Pending', 'Running', 'Succeeded', 'Failed', 'Cancelled'] as const
export type RunPhase = (typeof runPhases)[number]

/** Everything but `cancel` and `suspend`: a run is a record, and a record does not change its question. */
const fixedFields = {
  teamRef: optional(text('SwarmTeam to run.')),
  agent: optional(text('SwarmAgent to run, instead of a team.')),
  prompt: optional(text('Task for the agent. Belongs to `agent`.')),
  teamGeneration: optional(longInteger('Generation of the team this run was made from.')),
  input: optional(textMap('Values of the team’s inputs.')),
  entry: optional(text('Role that starts, where the team has no pipeline.')),
  pipeline,
  defaultContextPolicy: optional(StepContextPolicy),
  roles,
  output: optional(text('Template of the run’s output. Left out: the team’s, or the last step’s output.')),
  routing: optional(SwarmTeamRoutingSpec),
  search: optional(SwarmTeamSearchSpec),
  timeoutSeconds: optional(
    integer('Seconds the run may take. Work in flight is cancelled then.', { minimum: 1 }),
  ),
  maxTokens: optional(
    longInteger('Tokens the run may use. Work in flight is cancelled then.', { minimum: 1 }),
  ),
}

const unchanged = (field: string) => ({
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  message: `${field} cannot change once the run exists (only cancel and suspend can): make a new SwarmRun`,
})

export const SwarmRunSpecSchema = object(
  'What to run, and with which input. Nothing but cancel and suspend can change afterwards.',
  {
    ...fixedFields,
    suspend: optional(flag('Start no further steps until it is taken back. Running steps go on.')),
    cancel: optional(
      flag('End the run. Work in flight is cancelled; what was done stays done. Cannot be taken back.'),
    ),
  },
  {
    rules: [
      { rule: 'has(self.teamRef) != has(self.agent)', message: 'set exactly one of teamRef and agent' },
      {
        rule: '!has(self.prompt) || has(self.agent)',
        message: 'prompt belongs to agent; a team is given input',
      },
      {
        rule: '!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel)',
        message: 'cancel cannot be taken back: make a new SwarmRun',
      },
      ...Object.keys(fixedFields).map(unchanged),
    ],
  },
)
export type SwarmRunSpec = TypeOf<typeof SwarmRunSpecSchema>

export const SwarmRunStatusSchema = object('How the run went. A summary: the journal holds all of it.', {
  phase: optional(choice(runPhases, 'How far it is; follows from the conditions.')),
  reason: optional(text('Why it ended as it did, as one word.')),
  steps: optional(list(PipelineStepStatus, 'The steps.', { maxItems: 200, key: 'name' })),
  stepsDone: optional(text('Finished steps of all steps, as `2/3`.')),
  output: optional(text('The output, or its first 8 KiB.')),
  outputRef: optional(
    object('Where the whole output is kept when the status holds only its head.', {
      sha256: text('Hash of the whole output, its address in the store.', { pattern: '^[0-9a-f]{64}$' }),
      bytes: longInteger('Size of the whole output.'),
      truncated: optional(flag('Whether more was written than is kept, and the rest is gone.')),
    }),
  ),
  snapshotHash: optional(text('Hash of the team as it was when the run started.')),
  startTime: optional(time('When it started.')),
  completionTime: optional(time('When it ended.')),
  duration: optional(text('How long it took, once it has ended.')),
  totalTokenUsage: optional(described('Tokens of all steps.', TokenUsage)),
  totalCostUSD: optional(text('Cost of all steps in US dollars.')),
  searchTree: optional(SearchTreeStatus),
  observedGeneration,
  conditions,
})
export type SwarmRunStatus = TypeOf<typeof SwarmRunStatusSchema>

export interface SwarmRun extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmRun'
  readonly spec: SwarmRunSpec
  readonly status?: SwarmRunStatus
}

export const swarmRunDefinition: KindDefinition = {
  resource: swarmRuns,
  singular: 'swarmrun',
  shortNames: ['swrun', 'swruns'],
  description:
    'A SwarmRun is one execution of a team or an agent, and its record: what was asked, what each step did, what it cost, and what came of it.',
  spec: SwarmRunSpecSchema,
  specRequired: true,
  status: SwarmRunStatusSchema,
  columns: [
    { name: 'Team', type: 'string', jsonPath: '.spec.teamRef', description: 'Team that runs.', priority: 1 },
    { name: 'Agent', type: 'string', jsonPath: '.spec.agent', description: 'Agent that runs.', priority: 1 },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'How far it is.' },
    {
      name: 'Step',
      type: 'string',
      jsonPath: '.status.stepsDone',
      description: 'Finished steps of all.',
      priority: 1,
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.reason',
      description: 'Why it ended so.',
      priority: 1,
    },
    {
      name: 'Tokens',
      type: 'integer',
      jsonPath: '.status.totalTokenUsage.totalTokens',
      description: 'Tokens of all steps.',
      priority: 1,
    },
    {
      name: 'Cost($)',
      type: 'string',
      jsonPath: '.status.totalCostUSD',
      description: 'Cost of all steps.',
      priority: 1,
    },
    {
      name: 'Started',
      type: 'date',
      jsonPath: '.status.startTime',
      description: 'Time since the start.',
      priority: 1,
    },
    {
      name: 'Duration',
      type: 'string',
      jsonPath: '.status.duration',
      description: 'How long it took.',
      priority: 1,
    },
    ageColumn,
  ],
}
