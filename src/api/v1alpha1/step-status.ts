// What is known of one step of a run, and of one attempt of a search. A short account: the journal holds the rest.

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
import { TokenUsage } from './usage.ts'

const stepPhases = [
  'Pending',
  'WarmingUp',
  'Running',
  'Validating',
  'Succeeded',
  'Failed',
  'Skipped',
  'Cancelled',
] as const

const StoredOutput = object('Where the whole output is kept when the status holds only its head.', {
  sha256: text('Hash of the whole output, its address in the store.', { pattern: '^[0-9a-f]{64}$' }),
  bytes: longInteger('Size of the whole output.'),
  truncated: optional(flag('Whether the step wrote more than maxOutputBytes, and the rest is gone.')),
})

const ToolCallSummary = object('How often one tool was called.', {
  tool: text('`<server>/<tool>`.'),
  made: optional(integer('Calls that were made.')),
  failed: optional(integer('Calls that were made and failed.')),
  denied: optional(integer('Calls that were refused by a guardrail.')),
  unknown: optional(integer('Calls whose outcome nobody knows.')),
})

export const PipelineStepStatus = object('One step.', {
  name: text('Name of the step.'),
  phase: optional(choice(stepPhases, 'How far it is.')),
  role: optional(text('Role that works.')),
  resolvedAgent: optional(text('SwarmAgent that works.')),
  attempts: optional(integer('Attempts so far.')),
  taskID: optional(text('Task of the latest attempt.')),
  output: optional(text('The output, or its first 8 KiB.')),
  outputRef: optional(StoredOutput),
  rawOutput: optional(text('The output before it was shortened or extracted.')),
  outputJSON: optional(text('The output as JSON, where outputSchema asks for it.')),
  compressionTokens: optional(longInteger('Tokens spent on shortening the output.')),
  startTime: optional(time('When its first attempt started.')),
  completionTime: optional(time('When it ended.')),
  message: optional(text('Why it is where it is.')),
  errorCode: optional(text('Stable code of the failure.')),
  errorSuggestion: optional(text('What to do about it.')),
  iterations: optional(integer('Rounds of its loop.')),
  tokenUsage: optional(described('Tokens of all attempts.', TokenUsage)),
  costUSD: optional(text('Cost of all attempts in US dollars.')),
  toolCalls: optional(
    list(ToolCallSummary, 'Tools it called, or wanted to.', { key: 'tool', maxItems: 100 }),
  ),
  toolCallsMade: optional(integer('Tool calls made.')),
  toolCallsDenied: optional(integer('Tool calls refused by a guardrail.')),
  validationAttempts: optional(integer('Outputs checked.')),
  validationMessage: optional(text('What the last check found.')),
  artifacts: optional(textMap('Files it left behind, address by name.')),
  selectedCapability: optional(text('Capability the router chose.')),
  routingReason: optional(text('Why.')),
})
export type PipelineStepStatus = TypeOf<typeof PipelineStepStatus>

const SearchNodeStatus = object('One attempt.', {
  id: optional(integer('Number of the attempt.')),
  parentID: optional(integer('Attempt it continues.')),
  depth: optional(integer('Its distance from the root.')),
  task: optional(text('What was tried.')),
  output: optional(text('What came of it.')),
  scoreMillis: optional(integer('Score in thousandths.', { minimum: 0, maximum: 1000 })),
  scoreReasoning: optional(text('Why it got that score.')),
  phase: optional(
    choice(['Pending', 'Running', 'Scored', 'Pruned', 'EvalFailed', 'Solution'], 'How far it is.'),
  ),
  taskID: optional(text('Task of the attempt.')),
  tokenUsage: optional(TokenUsage),
})

export const SearchTreeStatus = object('The tree of attempts of a search.', {
  nodes: optional(list(SearchNodeStatus, 'The attempts.')),
  iterations: optional(integer('Rounds of planning so far.')),
  solutionNodeID: optional(integer('Attempt that was taken.')),
  terminationReason: optional(
    choice(
      [
        'MinScoreReached',
        'MaxDepthReached',
        'MaxNodesReached',
        'MaxIterationsReached',
        'BudgetExhausted',
        'PlannerConverged',
        'PlannerFailure',
        'SearchCancelled',
      ],
      'Why the search ended.',
    ),
  ),
  lastPlannerIteration: optional(time('When the planner last worked.')),
})
