// What can be seen of an agent: health, log, audit trail, notifications.

import { choice, described, flag, integer, object, optional, text, texts, type TypeOf } from '../schema.ts'
import { LocalObjectReference } from './references.ts'

const AgentHealthCheck = object('Asks the agent now and then whether it still works.', {
  type: optional(
    choice(['semantic', 'ping'], '`semantic` asks the model, `ping` only the process.', {
      default: 'semantic',
    }),
  ),
  intervalSeconds: optional(integer('Seconds between two checks.', { default: 30 })),
  prompt: optional(text('What a semantic check asks.')),
  notifyRef: optional(described('SwarmNotify told of failures.', LocalObjectReference)),
})

const LogRedactionPolicy = object('What is blanked in the log.', {
  secrets: optional(flag('Blank values that look like secrets.', { default: true })),
  pii: optional(flag('Blank personal data.')),
})

const AgentLogging = object(
  'What the agent writes to its log.',
  {
    level: optional(choice(['debug', 'info', 'warn', 'error'], 'Least level written.', { default: 'info' })),
    toolCalls: optional(flag('Write arguments and results of tool calls.')),
    llmTurns: optional(flag('Write what was said to and by the model. Needs redaction.secrets.')),
    redaction: optional(LogRedactionPolicy),
  },
  {
    rules: [
      {
        rule: '!has(self.llmTurns) || !self.llmTurns || (has(self.redaction) && has(self.redaction.secrets) && self.redaction.secrets)',
        message: 'llmTurns needs redaction.secrets: true',
      },
    ],
  },
)

export const AuditLogConfig = object('The audit trail.', {
  mode: optional(
    choice(
      ['off', 'actions', 'verbose'],
      '`actions` records what was done, `verbose` also with what words.',
      {
        default: 'off',
      },
    ),
  ),
  redact: optional(texts('Names of fields whose values are blanked.', { maxItems: 20 })),
})

export const AgentObservability = object('What can be seen of the agent.', {
  healthCheck: optional(AgentHealthCheck),
  logging: optional(AgentLogging),
  auditLog: optional(AuditLogConfig),
  notifyRef: optional(described('SwarmNotify told when the agent degrades.', LocalObjectReference)),
})
export type AgentObservability = TypeOf<typeof AgentObservability>
