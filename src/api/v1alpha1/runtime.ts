// How the agent's pods run: replicas, resources, and the loop inside them.

import {
  choice,
  described,
  flag,
  integer,
  list,
  mapOf,
  object,
  optional,
  quantity,
  text,
  type TypeOf,
} from '../schema.ts'
import { LocalObjectReference } from './references.ts'

export const ResourceRequirements = object('CPU and memory of each pod.', {
  limits: optional(mapOf(quantity('An amount, for example `500m` or `256Mi`.'), 'The most a pod may use.')),
  requests: optional(mapOf(quantity('An amount, for example `500m` or `256Mi`.'), 'What a pod is promised.')),
  claims: optional(
    list(
      object('A claim of the pod.', {
        name: text('Name of the claim.', { minLength: 1 }),
        request: optional(text('Name of one request within the claim.')),
      }),
      'Resource claims of the pod that its container uses.',
      { key: 'name', maxItems: 32 },
    ),
  ),
})
export type ResourceRequirements = TypeOf<typeof ResourceRequirements>

const SwarmAgentAutoscaling = object('Replicas by the number of waiting tasks.', {
  minReplicas: optional(integer('Fewest replicas.', { default: 1, minimum: 0 })),
  maxReplicas: optional(integer('Most replicas.', { default: 10, minimum: 1 })),
  targetPendingTasks: optional(integer('Waiting tasks per replica to aim for.', { default: 5, minimum: 1 })),
})

const LoopCompressionConfig = object('Shortens the conversation before it outgrows the model’s window.', {
  thresholdPercent: optional(
    integer('Share of the window at which to shorten.', { default: 75, minimum: 50, maximum: 95 }),
  ),
  preserveRecentTurns: optional(integer('Latest turns that stay as they are.', { default: 4 })),
  model: optional(text('Model that writes the summary. Left out: the agent’s own.')),
  timeoutSeconds: optional(integer('Seconds the summary may take.', { default: 30 })),
  contextWindow: optional(integer('Size of the model’s window in tokens, where it is not known.')),
  instructions: optional(text('What the summary must keep.')),
})

const AgentLoopMemory = object('Recalls earlier tasks, and remembers this one.', {
  ref: optional(described('SwarmMemory to use.', LocalObjectReference)),
  store: optional(flag('Remember the outcome of tasks.')),
  retrieve: optional(flag('Recall related tasks at the start.')),
  topK: optional(integer('Most memories recalled.', { default: 3 })),
  minSimilarityPercent: optional(
    integer('Least similarity of a recalled memory.', { default: 70, minimum: 0, maximum: 100 }),
  ),
  summaryTokens: optional(integer('Tokens of a remembered summary.', { default: 256 })),
  maxTokens: optional(integer('Tokens all recalled memories may take.', { default: 1024 })),
})

const LoopSandboxConfig = object('Keeps large tool results out of the conversation.', {
  thresholdBytes: optional(
    integer('Size from which a result is set aside.', { default: 2048, minimum: 256, maximum: 1048576 }),
  ),
  previewBytes: optional(
    integer('Bytes of it the model still sees.', { default: 200, minimum: 50, maximum: 4096 }),
  ),
  maxTotalBytes: optional(
    integer('Bytes kept per task.', { default: 52428800, minimum: 1048576, maximum: 268435456 }),
  ),
})

const AgentLoopPolicy = object('How the agent’s loop treats its own conversation.', {
  dedup: optional(flag('Answer a repeated identical tool call from the first one’s result.')),
  compression: optional(LoopCompressionConfig),
  memory: optional(AgentLoopMemory),
  sandbox: optional(LoopSandboxConfig),
})

const AgentArtifactsConfig = object('Files an agent leaves behind.', {
  saveOutput: optional(flag('Keep the output of each task as a file.')),
  format: optional(choice(['text', 'json', 'markdown', 'yaml'], 'Format of that file.', { default: 'text' })),
})

const runtimeFields = {
  replicas: optional(integer('Pods of the agent; 0 pauses it.', { default: 1, minimum: 0, maximum: 50 })),
  autoscaling: optional(SwarmAgentAutoscaling),
  resources: optional(ResourceRequirements),
  loop: optional(AgentLoopPolicy),
  artifacts: optional(AgentArtifactsConfig),
  imagePullSecrets: optional(list(LocalObjectReference, 'Secrets for pulling the image.')),
  drainTimeoutSeconds: optional(
    integer('Seconds a stopping pod may use to finish its tasks.', {
      default: 150,
      minimum: 30,
      maximum: 600,
    }),
  ),
}
export const AgentRuntime = object('How the agent’s pods run.', runtimeFields)
/** On a SwarmAgent the object is filled in when left out, so that replicas always has a value. */
export const DefaultedAgentRuntime = object('How the agent’s pods run.', runtimeFields, { default: {} })
export type AgentRuntime = TypeOf<typeof AgentRuntime>
