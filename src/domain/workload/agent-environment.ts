// What the operator tells an agent's pod through its environment, and what the agent process reads: one list, so that
// the two cannot drift. Names follow the original where it has one.

export const agentEnvironment = {
  name: 'AGENT_NAME',
  namespace: 'AGENT_NAMESPACE',
  model: 'AGENT_MODEL',
  /** `openai` | `anthropic` | `google`; unset: by model name. */
  provider: 'AGENT_PROVIDER',
  /** File with the composed system prompt. */
  systemPromptPath: 'AGENT_SYSTEM_PROMPT_PATH',
  /** Optional second file that follows the first: the rules, where the prompt itself is mounted from a Secret. */
  systemPromptRulesPath: 'AGENT_SYSTEM_PROMPT_RULES_PATH',
  /** Optional file that precedes both: what settings put before a prompt that is mounted from a Secret. */
  systemPromptPreamblePath: 'AGENT_SYSTEM_PROMPT_PREAMBLE_PATH',
  /** Sampling temperature; unset: the provider's own. */
  temperature: 'AGENT_TEMPERATURE',
  /** Directory of the credentials of tool servers; `SecretFile.file` is below it. */
  toolSecretsPath: 'AGENT_MCP_SECRETS_PATH',
  /** JSON of `ToolServerSetting[]`. */
  toolServers: 'AGENT_MCP_SERVERS',
  concurrentTasks: 'AGENT_MAX_CONCURRENT_TASKS',
  drainSeconds: 'AGENT_DRAIN_SECONDS',
  hubUrl: 'KUBESWARM_HUB_URL',
  /** File with the ServiceAccount token for the hub; read anew on each use, it rotates. */
  hubTokenPath: 'KUBESWARM_HUB_TOKEN_PATH',
  podName: 'POD_NAME',
  openaiBaseUrl: 'OPENAI_BASE_URL',
  openaiApiKey: 'OPENAI_API_KEY',
  /** Key of the endpoint that all agents are sent to; it wins over the one above, which may be another endpoint's. */
  overridingApiKey: 'KUBESWARM_MODEL_API_KEY',
  anthropicApiKey: 'ANTHROPIC_API_KEY',
  anthropicBaseUrl: 'ANTHROPIC_BASE_URL',
  geminiApiKey: 'GEMINI_API_KEY',
  geminiBaseUrl: 'GEMINI_BASE_URL',
  /** Port of /healthz and /readyz; default 8080. */
  port: 'PORT',
  logLevel: 'LOG_LEVEL',
} as const

/** A value of a Secret, mounted as a file: it is read anew on each use, so that a rotated one needs no new pod. */
export interface SecretFile {
  /** Below the directory that `toolSecretsPath` names. */
  readonly file: string
  readonly secret: string
  readonly key: string
}

export interface ToolServerSetting {
  readonly name: string
  readonly url: string
  readonly transport: 'auto' | 'streamable-http' | 'sse' | 'legacy-rest'
  readonly onUnavailable: 'fail' | 'degrade'
  /** Settings of the agent have rules for servers: it is contacted by tasks only, which ask the gate before. */
  readonly onlyByTasks?: boolean
  readonly instructions?: string
  /** The header is `<header>: <scheme> <value>`. */
  readonly auth?: { readonly header: string; readonly scheme: string; readonly valueFrom: SecretFile }
  /** Client certificate and key, and the authority of the server where it is not a public one. */
  readonly mtls?: {
    readonly certificate: SecretFile
    readonly key: SecretFile
    readonly authority: SecretFile
  }
  /** An allow list of the agent's settings names the address: it may be a private one. */
  readonly isListed?: boolean
  readonly headers: readonly ({ readonly name: string } & (
    { readonly value: string } | { readonly valueFrom: SecretFile }
  ))[]
}

export const agentPort = 8080
