// The tools an agent may reach: MCP servers and plain HTTP endpoints. Which of their tools it may call is said in
// `guardrails.ts`.

import {
  aliasOf,
  anyObject,
  choice,
  described,
  flag,
  integer,
  list,
  mapOf,
  object,
  optional,
  text,
  type TypeOf,
} from '../schema.ts'
import { LocalObjectReference, SecretKeySelector, TokenSelector } from './references.ts'

export const toolTrustLevels = ['internal', 'external', 'sandbox'] as const
export type ToolTrustLevel = (typeof toolTrustLevels)[number]

const BearerAuth = object('A token sent as `Authorization: Bearer …`.', {
  secretKeyRef: TokenSelector,
})

const HeaderAuth = object(
  'A token sent in a header of your choice, for servers that do not take bearer tokens (PagerDuty wants `Token token=…`).',
  {
    name: optional(text('Name of the header.', { default: 'Authorization', minLength: 1, maxLength: 256 })),
    scheme: optional(
      text('Text before the token, with its trailing separator: `Token token=`. Left out: the token alone.', {
        maxLength: 256,
      }),
    ),
    secretKeyRef: TokenSelector,
  },
)

const MTLSAuth = object('A client certificate.', {
  secretRef: described('Secret with `tls.crt`, `tls.key` and optionally `ca.crt`.', LocalObjectReference),
})

const only = (field: string, others: readonly string[]) =>
  `!has(self.${field}) || (${others.map((other) => `!has(self.${other})`).join(' && ')})`

export const MCPServerAuth = object(
  'How the agent proves itself to the server.',
  {
    bearer: optional(BearerAuth),
    header: optional(HeaderAuth),
    mtls: optional(MTLSAuth),
  },
  {
    rules: [
      { rule: '!(has(self.bearer) && has(self.mtls))', message: 'set at most one of bearer and mtls' },
      {
        rule: '!has(self.header) || (!has(self.bearer) && !has(self.mtls))',
        message: 'set at most one of header, bearer and mtls',
      },
      {
        rule: only('secretRef', ['bearer', 'header', 'mtls']),
        message: 'type and secretRef are a short form of bearer: use one of the two spellings',
      },
      { rule: 'has(self.type) == has(self.secretRef)', message: 'type and secretRef belong together' },
    ],
    aliases: {
      type: aliasOf('bearer', choice(['bearer'], '')),
      secretRef: aliasOf('bearer.secretKeyRef', LocalObjectReference),
    },
  },
)
export type MCPServerAuth = TypeOf<typeof MCPServerAuth>

export const MCPHeader = object(
  'A header sent with every request to the server.',
  {
    name: text('Name of the header.', { minLength: 1 }),
    value: optional(text('Its value. Secrets belong in secretKeyRef.')),
    secretKeyRef: optional(described('Secret that holds the value.', SecretKeySelector)),
  },
  {
    rules: [
      {
        rule: 'has(self.value) != has(self.secretKeyRef)',
        message: 'set exactly one of value and secretKeyRef',
      },
    ],
  },
)
export type MCPHeader = TypeOf<typeof MCPHeader>

const MCPDiscoveryConfig = object('Whether the list of tools is read again while the agent runs.', {
  dynamic: optional(flag('Follow changes of the tool list.')),
  pollIntervalSeconds: optional(
    integer('Seconds between two looks; 0 means: only when the server announces a change.', {
      minimum: 0,
      maximum: 3600,
    }),
  ),
})

const toolsetDigest = (more: string) =>
  text(`Digest of the tool definitions you approved, \`sha256:…\`. ${more}`, {
    maxLength: 71,
    pattern: '^sha256:[0-9a-f]{64}$',
  })

export const MCPToolSpec = object(
  'An MCP server whose tools the agent may use.',
  {
    name: text(
      'Name of the server. Permission patterns and the journal call its tools `<name>/<tool>`, so it must not contain a slash.',
      { minLength: 1 },
    ),
    url: optional(
      text('Address of the server. A bare address is tried with `/mcp`, as it is, and with `/sse`.'),
    ),
    capabilityRef: optional(text('Capability in the registry that stands for the server, instead of url.')),
    trust: optional(
      choice(
        toolTrustLevels,
        '`internal`: you run it; where its input schema cannot be checked, checking is left to it. `external`, the default: a tool whose schema cannot be checked is refused. `sandbox`: nobody vouches for it; arguments that its schema does not name are refused too, and what effects declare of it counts for nothing.',
      ),
    ),
    instructions: optional(
      text('Advice on when and how to use these tools; becomes part of the system prompt.'),
    ),
    auth: optional(MCPServerAuth),
    headers: optional(list(MCPHeader, 'Headers sent with every request.', { maxItems: 50 })),
    discovery: optional(MCPDiscoveryConfig),
    transport: optional(
      choice(
        ['auto', 'streamable-http', 'sse', 'legacy-rest'],
        'How to speak to the server. `auto` finds out; `legacy-rest` is a plain `POST /tools/<name>` dialect of early mocks.',
        { default: 'auto' },
      ),
    ),
    onUnavailable: optional(
      choice(
        ['fail', 'degrade'],
        'What happens to a task while the server cannot be reached. `fail` is the default because an agent without its tools tends to invent success; `degrade` works on with the remaining tools and tells the model.',
        { default: 'fail' },
      ),
    ),
    pin: optional(toolsetDigest('A server that offers anything else is not used. Comes before `pins`.')),
  },
  {
    rules: [
      {
        rule: 'has(self.url) != has(self.capabilityRef)',
        message: 'set exactly one of url and capabilityRef',
      },
    ],
  },
)
export type MCPToolSpec = TypeOf<typeof MCPToolSpec>

export const WebhookToolSpec = object('A plain HTTP endpoint offered to the model as a tool.', {
  name: text('Name of the tool.', { minLength: 1 }),
  url: text('Address that is called.'),
  method: optional(choice(['GET', 'POST', 'PUT', 'PATCH'], 'HTTP method.', { default: 'POST' })),
  description: optional(text('What the tool does, for the model.')),
  trust: optional(choice(toolTrustLevels, 'How far results are trusted.')),
  schema: optional(anyObject('JSON Schema of the arguments.')),
})
export type WebhookToolSpec = TypeOf<typeof WebhookToolSpec>

export const AgentTools = object('The tools the agent is connected to. Left out: none at all.', {
  mcp: optional(list(MCPToolSpec, 'MCP servers.', { maxItems: 50, key: 'name' })),
  pins: optional(
    mapOf(
      toolsetDigest('A server that offers anything else is not used.'),
      'Approvals by name of the MCP server, where the server has no pin of its own. `swarm mcp approve` writes them here, where applying a manifest that does not have them leaves them.',
      { maxProperties: 50 },
    ),
  ),
  webhooks: optional(list(WebhookToolSpec, 'Plain HTTP endpoints.', { maxItems: 50, key: 'name' })),
})
export type AgentTools = TypeOf<typeof AgentTools>
