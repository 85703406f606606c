// The two ways a team works without a fixed pipeline: a model routes each task, or a search explores.

import { choice, described, integer, object, optional, text } from '../schema.ts'
import { LocalObjectReference } from './references.ts'

export const SwarmTeamRoutingSpec = object('A model chooses the agent for each task.', {
  registryRef: optional(described('SwarmRegistry whose agents are candidates.', LocalObjectReference)),
  model: optional(text('Model that chooses.', { minLength: 1 })),
  systemPrompt: optional(text('Its prompt, a template over the candidates.')),
  fallback: optional(text('Agent that takes what nobody fits.')),
})

export const SwarmTeamSearchSpec = object('Explores a tree of attempts: plan, execute, evaluate.', {
  strategy: choice(['BFS', 'BeamSearch'], 'Order of exploration.'),
  plannerRole: text('Role that proposes next attempts.', { minLength: 1 }),
  executorRole: text('Role that makes them.', { minLength: 1 }),
  evaluatorRole: optional(text('Role that scores them.')),
  initialPrompt: text('Template of the task at the root.'),
  minScorePercent: optional(integer('Score that ends the search.', { minimum: 0, maximum: 100 })),
  maxDepth: optional(integer('Longest chain of attempts.', { default: 10, minimum: 0 })),
  maxNodes: optional(integer('Most attempts.', { default: 50, minimum: 1, maximum: 200 })),
  maxOutputBytes: optional(
    integer('Bytes of output kept per attempt.', { default: 4096, minimum: 256, maximum: 16384 }),
  ),
  maxIterations: optional(integer('Most rounds of planning.', { default: 20, minimum: 0 })),
  maxParallel: optional(integer('Attempts at the same time.', { default: 3, minimum: 1 })),
  beamWidth: optional(integer('Attempts kept per level of a beam search.', { minimum: 1 })),
  maxPlannerRetries: optional(integer('Retries of an unreadable plan.', { default: 2, minimum: 0 })),
  maxEvaluatorRetries: optional(integer('Retries of an unreadable score.', { default: 2, minimum: 0 })),
  stagnationThreshold: optional(
    integer('Rounds without a better score that end the search.', { default: 5, minimum: 1 }),
  ),
  plannerTimeoutSeconds: optional(integer('Seconds one plan may take.', { default: 120, minimum: 10 })),
})
