// Everything of this version that other layers use: the kinds, their parts, their names.

import type { SwarmAgent } from './swarm-agent.ts'
import type { SwarmEvent } from './swarm-event.ts'
import type { SwarmNotify } from './swarm-notify.ts'
import type { SwarmPolicy } from './swarm-policy.ts'
import type { SwarmRun } from './swarm-run.ts'
import type { SwarmSettings } from './swarm-settings.ts'
import type { SwarmTeam } from './swarm-team.ts'
import { swarmAgentDefinition } from './swarm-agent.ts'
import { swarmEventDefinition } from './swarm-event.ts'
import { swarmNotifyDefinition } from './swarm-notify.ts'
import { swarmPolicyDefinition } from './swarm-policy.ts'
import { swarmRunDefinition } from './swarm-run.ts'
import { swarmSettingsDefinition } from './swarm-settings.ts'
import { swarmTeamDefinition } from './swarm-team.ts'

export * from './defaults.ts'
export * from './resources.ts'
export type {
  AgentConditionType,
  Condition,
  ConditionStatus,
  ReadyConditionType,
  RunConditionType,
} from './conditions.ts'
export type {
  AgentGuardrails,
  ArgumentRule,
  GuardrailLimits,
  ToolConstraint,
  ToolPermissions,
} from './guardrails.ts'
export type { AgentInfrastructure } from './infrastructure.ts'
export type { AgentObservability } from './observability.ts'
export type { SwarmTeamPipelineStep } from './pipeline.ts'
export type { AgentPrompt } from './prompt.ts'
export type {
  ConfigMapKeySelector,
  EnvFromSource,
  LocalObjectReference,
  SecretKeySelector,
  TokenSelector,
} from './references.ts'
export type { AgentRuntime, ResourceRequirements } from './runtime.ts'
export type { PipelineStepStatus } from './step-status.ts'
export {
  type SwarmAgent,
  type SwarmAgentSpec,
  SwarmAgentSpecSchema,
  type SwarmAgentStatus,
  SwarmAgentStatusSchema,
} from './swarm-agent.ts'
export {
  type SwarmEvent,
  type SwarmEventSpec,
  SwarmEventSpecSchema,
  type SwarmEventStatus,
  SwarmEventStatusSchema,
  type SwarmEventTarget,
} from './swarm-event.ts'
export {
  type NotifyChannelSpec,
  type NotifyEvent,
  notifyEvents,
  type SwarmNotify,
  type SwarmNotifySpec,
  SwarmNotifySpecSchema,
  type SwarmNotifyStatus,
  SwarmNotifyStatusSchema,
} from './swarm-notify.ts'
export {
  type PolicyLimits,
  type SwarmPolicy,
  type SwarmPolicySpec,
  SwarmPolicySpecSchema,
  type SwarmPolicyStatus,
  SwarmPolicyStatusSchema,
} from './swarm-policy.ts'
export {
  type RunPhase,
  type SwarmRun,
  type SwarmRunSpec,
  SwarmRunSpecSchema,
  type SwarmRunStatus,
  SwarmRunStatusSchema,
} from './swarm-run.ts'
export {
  type PromptFragment,
  type SwarmSettings,
  type SwarmSettingsSpec,
  SwarmSettingsSpecSchema,
  type SwarmSettingsStatus,
  SwarmSettingsStatusSchema,
} from './swarm-settings.ts'
export {
  type SwarmTeam,
  type SwarmTeamInputSpec,
  type SwarmTeamSpec,
  SwarmTeamSpecSchema,
  type SwarmTeamStatus,
  SwarmTeamStatusSchema,
} from './swarm-team.ts'
export type { SwarmTeamRole } from './team-role.ts'
export type {
  AgentTools,
  MCPHeader,
  MCPServerAuth,
  MCPToolSpec,
  ToolTrustLevel,
  WebhookToolSpec,
} from './tools.ts'
export type { TokenUsage } from './usage.ts'
export {
  defaultMaxAgeSeconds,
  defaultMaxUnfinished,
  defaultRunsPerHour,
  type signatureSchemes,
  type webhookPresets,
  type WebhookSource,
} from './webhook-source.ts'

/** Any object of this version. */
export type SwarmObject =
  SwarmAgent | SwarmTeam | SwarmRun | SwarmPolicy | SwarmEvent | SwarmSettings | SwarmNotify
export type SwarmKind = SwarmObject['kind']

export const definitions = [
  swarmAgentDefinition,
  swarmTeamDefinition,
  swarmRunDefinition,
  swarmPolicyDefinition,
  swarmEventDefinition,
  swarmSettingsDefinition,
  swarmNotifyDefinition,
] as const
