// An agent that finds and calls the capabilities of others.

import { choice, described, flag, integer, object, optional, texts } from '../schema.ts'
import { LocalObjectReference } from './references.ts'

const GatewayFallback = object('What happens when no capability fits.', {
  mode: optional(
    choice(['fail', 'answer-directly', 'agent'], '`agent` hands the task to agentRef.', {
      default: 'answer-directly',
    }),
  ),
  agentRef: optional(described('SwarmAgent that takes the task.', LocalObjectReference)),
})

export const GatewayConfig = object('Lets the agent search a registry and hand tasks to whom it finds.', {
  registryRef: described('SwarmRegistry to search.', LocalObjectReference),
  filterByTags: optional(texts('Only capabilities with one of these tags.', { maxItems: 50 })),
  dispatchMode: optional(
    choice(['enabled', 'disabled'], 'Whether it may hand on tasks, or only look.', { default: 'enabled' }),
  ),
  dispatchTimeoutSeconds: optional(
    integer('Seconds to wait for a task handed on.', { default: 120, minimum: 10, maximum: 3600 }),
  ),
  maxDispatchDepth: optional(
    integer('How often a task may be handed on in a chain.', { default: 3, minimum: 1, maximum: 10 }),
  ),
  maxResultsPerSearch: optional(
    integer('Capabilities shown per search.', { default: 10, minimum: 1, maximum: 50 }),
  ),
  maxDispatchCalls: optional(integer('Tasks handed on per task.', { default: 5, minimum: 1, maximum: 20 })),
  maxSearchCalls: optional(integer('Searches per task.', { default: 3, minimum: 1, maximum: 20 })),
  fallback: optional(GatewayFallback),
  allowedTargets: optional(texts('Only these agents.', { maxItems: 100 })),
  allowGatewayTargets: optional(flag('Whether targets may be gateways themselves.', { default: false })),
})
