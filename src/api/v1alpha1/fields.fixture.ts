// What manifests written for this API may rely on: every field by type, with its default and limits. Kept apart from
// the schemas so that a slip in a schema meets a second opinion.

export const fieldFacts = `
SwarmAgent
  spec: SwarmAgentSpec  required
  status: SwarmAgentStatus
SwarmTeam
  spec: SwarmTeamSpec  required
  status: SwarmTeamStatus
SwarmRun
  spec: SwarmRunSpec  required
  status: SwarmRunStatus
SwarmPolicy
  spec: SwarmPolicySpec
  status: SwarmPolicyStatus
SwarmEvent
  spec: SwarmEventSpec  required
  status: SwarmEventStatus
SwarmNotify
  spec: SwarmNotifySpec  required
  status: SwarmNotifyStatus
SwarmNotifySpec
  on: NotifyEvent array  Enum: [TeamSucceeded TeamFailed TeamTimedOut BudgetWarning BudgetExceeded DailyLimitReached AgentDegraded] MaxItems: 10
  channels: NotifyChannelSpec array  MaxItems: 20 MinItems: 1
  rateLimitSeconds: integer  =300 Minimum: 0
SwarmNotifyStatus
  lastDispatches: NotifyDispatchResult array
  observedGeneration: integer
  conditions: Condition array
NotifyDispatchResult
  channelIndex: integer
  lastFiredAt: Time
  lastEvent: NotifyEvent  Enum: [TeamSucceeded TeamFailed TeamTimedOut BudgetWarning BudgetExceeded DailyLimitReached AgentDegraded]
  succeeded: boolean
  error: string
NotifyChannelSpec
  type: NotifyChannelType  Enum: [webhook slack]
  webhook: WebhookChannelSpec
  slack: SlackChannelSpec
  template: string
SlackChannelSpec
  webhookURLFrom: SecretKeySelector
WebhookChannelSpec
  url: string
  urlFrom: SecretKeySelector
  method: string  =POST Enum: [GET POST PUT PATCH]
  headers: WebhookHeader array  MaxItems: 20
WebhookHeader
  name: string
  value: string
  valueFrom: SecretKeySelector
SwarmSettings
  spec: SwarmSettingsSpec  required
  status: SwarmSettingsStatus
SwarmSettingsSpec
  temperature: string  Pattern: \`^(0(\\.[0-9]+)?|1(\\.0+)?)$\`
  outputFormat: string
  memoryBackend: MemoryBackend  =in-context Enum: [in-context vector-store redis]
  fragments: PromptFragment array  MaxItems: 50
  promptFragments: PromptFragments
  security: SwarmSettingsSecurity
  auditLog: AuditLogConfig
  reasoning: ReasoningDefaults
SwarmSettingsSecurity
  mcpAllowlist: string array  MaxItems: 50
  requireMCPAuth: boolean
PromptFragment
  name: string  MinLength: 1 required
  text: string
  position: string  =append Enum: [prepend append]
PromptFragments
  persona: string
  outputRules: string
ReasoningDefaults
  mode: ReasoningMode  Enum: [Disabled Auto Explicit]
  effort: ReasoningEffort  Enum: [Low Medium High]
  budgetTokens: integer  Maximum: 200000 Minimum: 1024
SwarmSettingsStatus
  observedGeneration: integer
  conditions: Condition array
SwarmAgentSpec
  model: string  MinLength: 1 required
  prompt: AgentPrompt  required
  settings: LocalObjectReference array  MaxItems: 50
  capabilities: AgentCapability array  MaxItems: 200
  tools: AgentTools
  agents: AgentConnection array  MaxItems: 50
  guardrails: AgentGuardrails
  reasoning: ReasoningConfig
  runtime: AgentRuntime  ={}
  infrastructure: AgentInfrastructure
  observability: AgentObservability
  gateway: GatewayConfig
SwarmAgentStatus
  readyReplicas: integer
  replicas: integer
  desiredReplicas: integer
  observedGeneration: integer
  dailyTokenUsage: TokenUsage
  dedupEnabled: boolean
  toolConnections: SwarmAgentMCPStatus array
  systemPromptHash: string
  exposedMCPCapabilities: string array  MaxItems: 100
  toolAgentConnections: ToolAgentConnectionStatus array
  advisorConnections: AdvisorConnectionStatus array
  appliedSettings: string array
  appliedFragmentCount: integer
  gateway: GatewayStatus
  conditions: Condition array
SwarmTeamSpec
  entry: string
  output: string
  inputs: SwarmTeamInputSpec array  MaxItems: 20
  input: object (keys:string, values:string)
  timeoutSeconds: integer  Minimum: 1
  maxTokens: integer  Minimum: 1
  maxDailyTokens: integer  Minimum: 1
  roles: SwarmTeamRole array  MaxItems: 50
  pipeline: SwarmTeamPipelineStep array  MaxItems: 100
  defaultContextPolicy: StepContextPolicy
  successfulRunsHistoryLimit: integer  =10 Minimum: 0
  failedRunsHistoryLimit: integer  =3 Minimum: 0
  runRetainFor: Duration
  notifyRef: LocalObjectReference
  budgetRef: LocalObjectReference
  registryRef: string  =default
  artifactStore: ArtifactStoreSpec
  autoscaling: SwarmTeamAutoscaling
  routing: SwarmTeamRoutingSpec
  search: SwarmTeamSearchSpec
SwarmTeamStatus
  phase: SwarmTeamPhase  Enum: [Pending Ready Running Succeeded Failed]
  roles: SwarmTeamRoleStatus array
  entryRole: string
  lastRunName: string
  lastRunPhase: SwarmRunPhase  Enum: [Pending Running Succeeded Failed]
  scaledToZero: boolean
  lastActiveTime: Time
  observedGeneration: integer
  conditions: Condition array
SwarmRunSpec
  teamRef: string
  agent: string
  prompt: string
  teamGeneration: integer
  input: object (keys:string, values:string)
  entry: string
  pipeline: SwarmTeamPipelineStep array  MaxItems: 100
  defaultContextPolicy: StepContextPolicy
  roles: SwarmTeamRole array  MaxItems: 50
  output: string
  routing: SwarmTeamRoutingSpec
  search: SwarmTeamSearchSpec
  timeoutSeconds: integer  Minimum: 1
  maxTokens: integer  Minimum: 1
SwarmRunStatus
  phase: SwarmRunPhase  Enum: [Pending Running Succeeded Failed]
  steps: PipelineStepStatus array  MaxItems: 100
  output: string
  startTime: Time
  completionTime: Time
  totalTokenUsage: TokenUsage
  totalCostUSD: string
  searchTree: SearchTreeStatus
  observedGeneration: integer
  conditions: Condition array
SwarmPolicySpec
  enforcementMode: PolicyEnforcementMode  =Audit Enum: [Audit Warn Enforce]
  limits: PolicyLimits
  tools: PolicyTools
  output: PolicyOutput
  models: PolicyModels
  requirements: PolicyRequirements
SwarmPolicyStatus
  agentCount: integer
  compliantCount: integer
  effectivePolicy: EffectivePolicySpec
  observedGeneration: integer
  conditions: Condition array
SwarmEventSpec
  source: SwarmEventSource  required
  targets: SwarmEventTarget array  MaxItems: 20 MinItems: 1 required
  concurrencyPolicy: ConcurrencyPolicy  =Allow Enum: [Allow Forbid]
  suspended: boolean  =false
SwarmEventStatus
  lastFiredAt: Time
  nextFireAt: Time
  firedCount: integer
  webhookURL: string
  observedGeneration: integer
  conditions: Condition array
AgentPrompt
  inline: string
  from: SystemPromptSource
AgentCapability
  name: string  MinLength: 1 required
  description: string
  tags: string array  MaxItems: 100
  exposeMCP: boolean  =false
  inputSchema: RawExtension
  outputSchema: RawExtension
AgentTools
  mcp: MCPToolSpec array  MaxItems: 50
  webhooks: WebhookToolSpec array  MaxItems: 50
AgentConnection
  name: string  MinLength: 1 required
  agentRef: LocalObjectReference
  capabilityRef: LocalObjectReference
  trust: ToolTrustLevel  Enum: [internal external sandbox]
  instructions: string
  role: AgentConnectionRole  =tool Enum: [tool advisor]
  contextPropagation: ContextPropagationConfig
AgentGuardrails
  tools: ToolPermissions
  budgetRef: LocalObjectReference
  limits: GuardrailLimits
ReasoningConfig
  mode: ReasoningMode  =Disabled Enum: [Disabled Auto Explicit]
  effort: ReasoningEffort  Enum: [Low Medium High]
  budgetTokens: integer  Maximum: 200000 Minimum: 1024
AgentRuntime
  replicas: integer  =1 Maximum: 50 Minimum: 0
  autoscaling: SwarmAgentAutoscaling
  resources: ResourceRequirements
  loop: AgentLoopPolicy
  artifacts: AgentArtifactsConfig
  imagePullSecrets: LocalObjectReference array
  drainTimeoutSeconds: integer  =150 Maximum: 600 Minimum: 30
AgentInfrastructure
  registryRef: LocalObjectReference
  networkPolicy: NetworkPolicyMode  =default Enum: [default strict disabled]
  apiKeyRef: SecretKeySelector
  envFrom: EnvFromSource array
  plugins: AgentPlugins
AgentObservability
  healthCheck: AgentHealthCheck
  logging: AgentLogging
  auditLog: AuditLogConfig
  notifyRef: LocalObjectReference
GatewayConfig
  registryRef: LocalObjectReference  required
  filterByTags: string array  MaxItems: 50
  dispatchMode: GatewayDispatchMode  =enabled Enum: [enabled disabled]
  dispatchTimeoutSeconds: integer  =120 Maximum: 3600 Minimum: 10
  maxDispatchDepth: integer  =3 Maximum: 10 Minimum: 1
  maxResultsPerSearch: integer  =10 Maximum: 50 Minimum: 1
  maxDispatchCalls: integer  =5 Maximum: 20 Minimum: 1
  maxSearchCalls: integer  =3 Maximum: 20 Minimum: 1
  fallback: GatewayFallback
  allowedTargets: string array  MaxItems: 100
  allowGatewayTargets: boolean  =false
TokenUsage
  inputTokens: integer
  outputTokens: integer
  thinkingTokens: integer
  totalTokens: integer
  model: string
SwarmAgentMCPStatus
  name: string
  url: string
  healthy: boolean
  message: string
  lastCheck: Time
  authType: string  Enum: [none bearer mtls]
  trust: ToolTrustLevel  Enum: [internal external sandbox]
ToolAgentConnectionStatus
  name: string
  ready: boolean
  trust: ToolTrustLevel  Enum: [internal external sandbox]
  lastTransitionTime: Time
AdvisorConnectionStatus
  name: string
  ready: boolean
  toolInjected: boolean
  toolName: string
  lastTransitionTime: Time
GatewayStatus
  routableCapabilities: integer
  totalMatchingCapabilities: integer
  lastCapabilitySync: Time
SwarmTeamInputSpec
  name: string  MinLength: 1 required
  type: string  =string Enum: [string number boolean object array]
  description: string
  required: boolean
  default: string
SwarmTeamRole
  name: string  MinLength: 1 required
  swarmAgent: string
  swarmTeam: string
  model: string
  prompt: AgentPrompt
  tools: AgentTools
  runtime: AgentRuntime
  limits: GuardrailLimits
  canDelegate: string array  MaxItems: 20
  settings: LocalObjectReference array
  envFrom: EnvFromSource array
  plugins: AgentPlugins
SwarmTeamPipelineStep
  role: string  MinLength: 1 required
  inputs: object (keys:string, values:string)
  dependsOn: string array  MaxItems: 20
  if: string
  loop: LoopSpec
  outputSchema: string
  validate: StepValidation
  outputArtifacts: ArtifactSpec array  MaxItems: 20
  inputArtifacts: object (keys:string, values:string)
  registryLookup: RegistryLookupSpec
  contextPolicy: StepContextPolicy
  maxOutputBytes: integer  =65536 Minimum: 0
StepContextPolicy
  strategy: string  =full Enum: [full compress extract none]
  compress: ContextCompressConfig
  extractPath: string
ArtifactStoreSpec
  type: ArtifactStoreType  Enum: [local s3] required
  local: ArtifactStoreLocalSpec
  s3: ArtifactStoreS3Spec
SwarmTeamAutoscaling
  enabled: boolean
  scaleToZero: SwarmTeamScaleToZero
SwarmTeamRoutingSpec
  registryRef: LocalObjectReference
  model: string  MinLength: 1
  systemPrompt: string
  fallback: string
SwarmTeamSearchSpec
  strategy: SearchStrategy  Enum: [BFS BeamSearch] required
  plannerRole: string  MinLength: 1 required
  executorRole: string  MinLength: 1 required
  evaluatorRole: string
  initialPrompt: string  required
  minScorePercent: integer  Maximum: 100 Minimum: 0
  maxDepth: integer  =10 Minimum: 0
  maxNodes: integer  =50 Maximum: 200 Minimum: 1
  maxOutputBytes: integer  =4096 Maximum: 16384 Minimum: 256
  maxIterations: integer  =20 Minimum: 0
  maxParallel: integer  =3 Minimum: 1
  beamWidth: integer  Minimum: 1
  maxPlannerRetries: integer  =2 Minimum: 0
  maxEvaluatorRetries: integer  =2 Minimum: 0
  stagnationThreshold: integer  =5 Minimum: 1
  plannerTimeoutSeconds: integer  =120 Minimum: 10
SwarmTeamRoleStatus
  name: string
  readyReplicas: integer
  desiredReplicas: integer
  managedSwarmAgent: string
PipelineStepStatus
  name: string
  phase: PipelineStepPhase  Enum: [Pending WarmingUp Running Validating Succeeded Failed Skipped]
  taskID: string
  output: string
  rawOutput: string
  compressionTokens: integer
  outputJSON: string
  startTime: Time
  completionTime: Time
  message: string
  iterations: integer
  tokenUsage: TokenUsage
  costUSD: string
  validationAttempts: integer
  validationMessage: string
  artifacts: object (keys:string, values:string)
  errorCode: string
  errorSuggestion: string
  resolvedAgent: string
  selectedCapability: string
  routingReason: string
SearchTreeStatus
  nodes: SearchNodeStatus array
  iterations: integer
  solutionNodeID: integer
  terminationReason: SearchTerminationReason  Enum: [MinScoreReached MaxDepthReached MaxNodesReached MaxIterationsReached BudgetExhausted PlannerConverged PlannerFailure SearchCancelled]
  lastPlannerIteration: Time
PolicyLimits
  maxDailyTokens: integer  Minimum: 1
  maxTokensPerCall: integer  Minimum: 1
  maxTimeoutSeconds: integer  Minimum: 1
  minTimeoutSeconds: integer  Minimum: 1
  maxConcurrentTasks: integer  Minimum: 1
  maxThinkingTokensPerCall: integer  Minimum: 1
  maxAnswerTokensPerCall: integer  Minimum: 1
PolicyTools
  deny: string array  MaxItems: 100
  forceTrustLevel: ToolTrustLevel  Enum: [internal external sandbox]
PolicyOutput
  minValidation: PolicyOutputLevel  =none Enum: [none pattern schema semantic]
  denyPatterns: string array  MaxItems: 50
PolicyModels
  allowed: string array  MaxItems: 100
  denied: string array  MaxItems: 100
PolicyRequirements
  budgetRef: boolean
  audit: boolean
  allowList: boolean
EffectivePolicySpec
  limits: PolicyLimits
  toolDeny: string array  MaxItems: 100
  forceTrustLevel: ToolTrustLevel  Enum: [internal external sandbox]
  minValidation: PolicyOutputLevel  Enum: [none pattern schema semantic]
  denyPatterns: string array  MaxItems: 50
  models: PolicyModels
  requirements: PolicyRequirements
  enforcementMode: PolicyEnforcementMode  Enum: [Audit Warn Enforce]
SwarmEventSource
  type: TriggerSourceType  Enum: [cron webhook team-output] required
  cron: string
  teamOutput: TeamOutputSource
SwarmEventTarget
  team: string
  agent: string
  prompt: string
  input: object (keys:string, values:string)
SystemPromptSource
  configMapKeyRef: ConfigMapKeySelector
  secretKeyRef: SecretKeySelector
MCPToolSpec
  name: string  MinLength: 1 required
  url: string
  capabilityRef: string
  trust: ToolTrustLevel  Enum: [internal external sandbox]
  instructions: string
  auth: MCPServerAuth
  headers: MCPHeader array
  discovery: MCPDiscoveryConfig
WebhookToolSpec
  name: string  MinLength: 1 required
  url: string  required
  method: string  =POST Enum: [GET POST PUT PATCH]
  description: string
  trust: ToolTrustLevel  Enum: [internal external sandbox]
  schema: RawExtension
ContextPropagationConfig
  recentMessages: integer  =20 Maximum: 200 Minimum: 1
  maxCallsPerTask: integer  =3 Maximum: 50 Minimum: 1
  timeoutSeconds: integer  =60 Maximum: 300 Minimum: 5
  maxAdvisorTokensPerTask: integer  =0 Minimum: 0
  maxContextBytes: integer  =262144 Maximum: 1.048576e+06 Minimum: 1024
  excludeSystemPrompt: boolean
  toolName: string  MaxLength: 63 Pattern: \`^[a-z][a-z0-9_]*$\`
ToolPermissions
  allow: string array  MaxItems: 100
  deny: string array  MaxItems: 100
  trust: ToolTrustPolicy
GuardrailLimits
  tokensPerCall: integer  =8000
  concurrentTasks: integer  =5
  timeoutSeconds: integer  =120
  dailyTokens: integer  Minimum: 1
  retries: integer  =3 Maximum: 100 Minimum: 0
  maxThinkingTokensPerCall: integer  Maximum: 200000 Minimum: 1
  maxAnswerTokensPerCall: integer  Maximum: 200000 Minimum: 1
  circuitBreaker: CircuitBreakerConfig
SwarmAgentAutoscaling
  minReplicas: integer  =1 Minimum: 0
  maxReplicas: integer  =10 Minimum: 1
  targetPendingTasks: integer  =5 Minimum: 1
AgentLoopPolicy
  dedup: boolean
  compression: LoopCompressionConfig
  memory: AgentLoopMemory
  sandbox: LoopSandboxConfig
AgentArtifactsConfig
  saveOutput: boolean
  format: ArtifactFormat  =text Enum: [text json markdown yaml]
AgentPlugins
  llm: PluginEndpoint
  queue: PluginEndpoint
AgentHealthCheck
  type: HealthCheckType  =semantic Enum: [semantic ping]
  intervalSeconds: integer  =30
  prompt: string
  notifyRef: LocalObjectReference
AgentLogging
  level: LogLevel  =info Enum: [debug info warn error]
  toolCalls: boolean
  llmTurns: boolean
  redaction: LogRedactionPolicy
AuditLogConfig
  mode: AuditLogMode  =off Enum: [off actions verbose]
  redact: string array  MaxItems: 20
GatewayFallback
  mode: GatewayFallbackMode  =answer-directly Enum: [fail answer-directly agent]
  agentRef: LocalObjectReference
LoopSpec
  condition: string  required
  maxIterations: integer  =10 Maximum: 100 Minimum: 1
StepValidation
  contains: string
  schema: string
  semantic: string
  semanticModel: string
  onFailure: OnFailureAction  =fail Enum: [fail retry]
  maxRetries: integer  =2 Maximum: 10 Minimum: 0
  rejectPatterns: string array  MaxItems: 50
ArtifactSpec
  name: string  MinLength: 1 required
  description: string
  contentType: string
RegistryLookupSpec
  capability: string  MinLength: 1 required
  tags: string array  MaxItems: 100
  strategy: RegistryLookupStrategy  =least-busy Enum: [least-busy round-robin random]
  registryRef: LocalObjectReference
  fallback: string
ContextCompressConfig
  targetTokens: integer
  model: string
  prompt: string
ArtifactStoreLocalSpec
  path: string
  claimName: string
ArtifactStoreS3Spec
  bucket: string  required
  region: string
  prefix: string
  endpoint: string
  credentialsSecret: LocalObjectReference
SwarmTeamScaleToZero
  enabled: boolean
  afterSeconds: integer  =300 Minimum: 30
SearchNodeStatus
  id: integer
  parentID: integer
  depth: integer
  task: string
  output: string
  scoreMillis: integer  Maximum: 1000 Minimum: 0
  scoreReasoning: string
  phase: SearchNodePhase  Enum: [Pending Running Scored Pruned EvalFailed Solution]
  taskID: string
  tokenUsage: TokenUsage
TeamOutputSource
  name: string  required
  onPhase: SwarmTeamPhase  =Succeeded Enum: [Pending Ready Running Succeeded Failed]
MCPServerAuth
  bearer: BearerAuth
  mtls: MTLSAuth
MCPHeader
  name: string  MinLength: 1 required
  value: string
  secretKeyRef: SecretKeySelector
MCPDiscoveryConfig
  dynamic: boolean
  pollIntervalSeconds: integer  Maximum: 3600 Minimum: 0
ToolTrustPolicy
  default: ToolTrustLevel  =external Enum: [internal external sandbox]
CircuitBreakerConfig
  failureThreshold: integer  =5 Maximum: 100 Minimum: 1
  cooldownSeconds: integer  =30 Maximum: 600 Minimum: 1
  halfOpenMaxCalls: integer  =1 Maximum: 10 Minimum: 1
LoopCompressionConfig
  thresholdPercent: integer  =75 Maximum: 95 Minimum: 50
  preserveRecentTurns: integer  =4
  model: string
  timeoutSeconds: integer  =30
  contextWindow: integer
  instructions: string
AgentLoopMemory
  ref: LocalObjectReference
  store: boolean
  retrieve: boolean
  topK: integer  =3
  minSimilarityPercent: integer  =70 Maximum: 100 Minimum: 0
  summaryTokens: integer  =256
  maxTokens: integer  =1024
LoopSandboxConfig
  thresholdBytes: integer  =2048 Maximum: 1.048576e+06 Minimum: 256
  previewBytes: integer  =200 Maximum: 4096 Minimum: 50
  maxTotalBytes: integer  =52428800 Maximum: 2.68435456e+08 Minimum: 1.048576e+06
PluginEndpoint
  address: string  MinLength: 1 required
  tlsSecretRef: LocalObjectReference
LogRedactionPolicy
  secrets: boolean  =true
  pii: boolean
BearerAuth
  secretKeyRef: SecretKeySelector
MTLSAuth
  secretRef: LocalObjectReference
`
