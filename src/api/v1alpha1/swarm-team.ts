// SwarmTeam: who works together. Roles with a pipeline, or with a router, or with a search.

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
import { LocalObjectReference } from './references.ts'
import { type ApiVersion, swarmTeams } from './resources.ts'
import { StepContextPolicy } from './step-context.ts'
import { runPhases } from './swarm-run.ts'
import { SwarmTeamRoutingSpec, SwarmTeamSearchSpec } from './team-modes.ts'
import { roles } from './team-role.ts'

export const teamPhases = ['Pending', 'Ready', 'Running', 'Succeeded', 'Failed'] as const

export const SwarmTeamInputSpec = object('A value that runs of the team are given.', {
  name: text('Name of the value, `.input.<name>` in templates.', { minLength: 1 }),
  type: optional(
    choice(['string', 'number', 'boolean', 'object', 'array'], 'What the text must be readable as.', {
      default: 'string',
    }),
  ),
  description: optional(text('What it means, for people.')),
  required: optional(flag('Whether a run without it is refused.')),
  default: optional(text('Value where a run gives none.')),
})
export type SwarmTeamInputSpec = TypeOf<typeof SwarmTeamInputSpec>

const ArtifactStoreSpec = object(
  'Where files are kept.',
  {
    type: choice(['local', 's3'], 'Kind of store.'),
    local: optional(
      object('A directory or a volume.', {
        path: optional(text('Directory.')),
        claimName: optional(text('PersistentVolumeClaim.')),
      }),
    ),
    s3: optional(
      object('An S3 bucket.', {
        bucket: text('Name of the bucket.'),
        region: optional(text('Its region.')),
        prefix: optional(text('Text before each key.')),
        endpoint: optional(text('Address of the service, where it is not AWS.')),
        credentialsSecret: optional(described('Secret with the credentials.', LocalObjectReference)),
      }),
    ),
  },
  {
    rules: [
      { rule: "!has(self.local) || self.type == 'local'", message: 'local belongs to type: local' },
      { rule: "!has(self.s3) || self.type == 's3'", message: 's3 belongs to type: s3' },
    ],
  },
)

const SwarmTeamAutoscaling = object('Scales the team’s own agents.', {
  enabled: optional(flag('Whether to.')),
  scaleToZero: optional(
    object('Stops agents nobody needs.', {
      enabled: optional(flag('Whether to.')),
      afterSeconds: optional(integer('Idle seconds before.', { default: 300, minimum: 30 })),
    }),
  ),
})

export const SwarmTeamSpecSchema = object(
  'Who works together, and how.',
  {
    entry: optional(text('Role that starts, where there is no pipeline.')),
    output: optional(text('Template of a run’s output. Left out: the last step’s output.')),
    inputs: optional(
      list(SwarmTeamInputSpec, 'Values that runs are given. Left out: any.', { maxItems: 20, key: 'name' }),
    ),
    input: optional(textMap('Values that apply where a run gives none.')),
    timeoutSeconds: optional(integer('Seconds a run may take.', { minimum: 1 })),
    maxTokens: optional(longInteger('Tokens a run may use.', { minimum: 1 })),
    maxDailyTokens: optional(longInteger('Tokens all runs together may use in 24 hours.', { minimum: 1 })),
    roles,
    pipeline,
    defaultContextPolicy: optional(
      described('What later steps see of an output, where the step does not say.', StepContextPolicy),
    ),
    successfulRunsHistoryLimit: optional(integer('Succeeded runs kept.', { default: 10, minimum: 0 })),
    failedRunsHistoryLimit: optional(integer('Failed and cancelled runs kept.', { default: 3, minimum: 0 })),
    runRetainFor: optional(
      text('How long finished runs are kept, such as `72h`.', {
        maxLength: 64,
        pattern: '^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$',
      }),
    ),
    notifyRef: optional(described('SwarmNotify told how runs end.', LocalObjectReference)),
    budgetRef: optional(described('SwarmBudget that pays for runs.', LocalObjectReference)),
    registryRef: optional(text('SwarmRegistry for lookups.', { default: 'default' })),
    artifactStore: optional(ArtifactStoreSpec),
    autoscaling: optional(SwarmTeamAutoscaling),
    routing: optional(SwarmTeamRoutingSpec),
    search: optional(SwarmTeamSearchSpec),
  },
  {
    rules: [
      {
        rule: 'has(self.routing) != (has(self.roles) && size(self.roles) > 0)',
        message: 'set exactly one of routing and roles',
      },
      {
        rule: '!has(self.routing) || !has(self.pipeline) || size(self.pipeline) == 0',
        message: 'a routed team has no pipeline',
      },
    ],
  },
)
export type SwarmTeamSpec = TypeOf<typeof SwarmTeamSpecSchema>

const SwarmTeamRoleStatus = object('State of one role.', {
  name: text('Name of the role.'),
  readyReplicas: optional(integer('Pods that take tasks.')),
  desiredReplicas: optional(integer('Pods that should.')),
  managedSwarmAgent: optional(text('SwarmAgent made for the role.')),
})

export const SwarmTeamStatusSchema = object('What is known of the team.', {
  phase: optional(choice(teamPhases, 'State in one word.')),
  roles: optional(list(SwarmTeamRoleStatus, 'The roles.', { key: 'name' })),
  entryRole: optional(text('Role that starts.')),
  lastRunName: optional(text('Latest run.')),
  lastRunPhase: optional(choice(runPhases, 'How far that is.')),
  scaledToZero: optional(flag('Whether its own agents are stopped.')),
  lastActiveTime: optional(time('When a run last ended.')),
  observedGeneration,
  conditions,
})
export type SwarmTeamStatus = TypeOf<typeof SwarmTeamStatusSchema>

export interface SwarmTeam extends KubernetesObject {
  readonly apiVersion: ApiVersion
  readonly kind: 'SwarmTeam'
  readonly spec: SwarmTeamSpec
  readonly status?: SwarmTeamStatus
}

export const swarmTeamDefinition: KindDefinition = {
  resource: swarmTeams,
  singular: 'swarmteam',
  shortNames: ['swteam', 'swteams'],
  description:
    'A SwarmTeam says who works together: roles played by agents, and a pipeline of steps between them. It does nothing by itself; each SwarmRun executes it once.',
  spec: SwarmTeamSpecSchema,
  specRequired: true,
  status: SwarmTeamStatusSchema,
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'State in one word.' },
    { name: 'Last Run', type: 'string', jsonPath: '.status.lastRunName', description: 'Latest run.' },
    {
      name: 'Last Phase',
      type: 'string',
      jsonPath: '.status.lastRunPhase',
      description: 'How far the latest run is.',
      priority: 1,
    },
    {
      name: 'Entry',
      type: 'string',
      jsonPath: '.status.entryRole',
      description: 'Role that starts.',
      priority: 1,
    },
    ageColumn,
  ],
}
