// The one error class of the product, and the closed list of its codes. Expected outcomes are values elsewhere
// (`FieldError`, `Decision`, task outcomes); this is for what a caller cannot go on from.

/** Stable codes. A code never changes its meaning; each has an entry in docs/errors.md. */
export type ErrorCode =
  // input
  | 'InvalidManifest'
  | 'InvalidInput'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Usage'
  // model
  | 'ModelUnreachable'
  | 'ModelUnauthorized'
  | 'ModelNotFound'
  | 'ModelRateLimited'
  | 'ModelQuotaExceeded'
  | 'ModelServerError'
  | 'ModelRefused'
  | 'ModelTimeout'
  | 'InvalidModelResponse'
  | 'EmptyAnswer'
  | 'AnswerTruncated'
  | 'ContextTruncated'
  | 'ContextTooLong'
  // tools
  | 'ToolServerUnavailable'
  | 'ToolServerUnauthorized'
  | 'ToolServerProtocol'
  | 'ToolTimeout'
  | 'ToolDefinitionChanged'
  // the task
  | 'LoopDetected'
  | 'TurnLimitReached'
  | 'CallLimitReached'
  | 'RequiredToolNotCalled'
  | 'TaskTimeout'
  | 'TaskCancelled'
  | 'OutcomeUnknown'
  | 'TemplateError'
  | 'OutputInvalid'
  // limits
  | 'PolicyDenied'
  | 'DailyTokensExhausted'
  | 'RunTokensExhausted'
  // store and hub
  | 'StaleLease'
  | 'StoreLocked'
  | 'StoreTooNew'
  | 'StoreUnavailable'
  | 'HubUnavailable'
  | 'Unauthorized'
  | 'Forbidden'
  // the machine
  | 'PortTaken'
  | 'NodeTooOld'
  | 'KubernetesApi'
  | 'Interrupted'
  | 'Internal'

export interface KubeswarmErrorOptions {
  readonly code: ErrorCode
  /** `cannot do X: what was wrong`, values quoted, no secret. */
  readonly message: string
  /** What the reader should do next: one sentence or one command. */
  readonly remedy?: string
  /** Whether the same call may succeed later. Only loops act on it. */
  readonly retryable?: boolean
  /** The other side's own wish (Retry-After), in milliseconds. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

export class KubeswarmError extends Error {
  readonly code: ErrorCode
  readonly remedy: string | undefined
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor({ code, message, remedy, retryable = false, retryAfterMs, cause }: KubeswarmErrorOptions) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'KubeswarmError'
    this.code = code
    this.remedy = remedy
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** One fault in one field of a manifest. Validation returns all of them and never throws. */
export interface FieldError {
  /** Kubernetes field path: `spec.pipeline[1].inputs.alert`. */
  readonly path: string
  readonly message: string
  readonly remedy?: string
  /** Position inside the field's text (templates), 1-based. */
  readonly position?: { readonly line: number; readonly column: number }
}

export const isKubeswarmError = (error: unknown): error is KubeswarmError => error instanceof KubeswarmError
