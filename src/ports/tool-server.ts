// The tool server port: an MCP server (or one that speaks the legacy REST dialect) as the agent sees it.

export interface ToolDefinition {
  readonly name: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly annotations?: {
    readonly readOnlyHint?: boolean
    readonly idempotentHint?: boolean
    readonly destructiveHint?: boolean
  }
}

export interface ToolResult {
  /** Text for the model, already capped while reading. */
  readonly text: string
  readonly isError: boolean
  /** True when the server sent more than the read cap. */
  readonly truncated: boolean
}

export interface ToolServer {
  /** The name the user gave it in the agent's spec; never what the server calls itself. */
  readonly name: string
  /** Connects where needed. Throws KubeswarmError `ToolServerUnavailable` | `ToolServerUnauthorized` | `ToolServerProtocol`. */
  listTools(request: { readonly signal: AbortSignal }): Promise<readonly ToolDefinition[]>
  /** One call. `idempotencyKey` travels in `_meta`. Throws as `listTools`, and `ToolTimeout`. */
  callTool(request: {
    readonly tool: string
    readonly arguments: Readonly<Record<string, unknown>>
    readonly idempotencyKey: string
    readonly signal: AbortSignal
  }): Promise<ToolResult>
  close(): Promise<void>
}
