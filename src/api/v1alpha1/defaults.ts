// The values that hold where a manifest says nothing. The API server fills in a default only where the object around
// it was written; whoever reads a spec uses these for the rest.

export const defaultLimits = {
  tokensPerCall: 8000,
  concurrentTasks: 5,
  timeoutSeconds: 120,
  retries: 3,
} as const

export const defaultReplicas = 1
export const defaultDrainTimeoutSeconds = 150
export const defaultMaxOutputBytes = 65536
export const defaultSuccessfulRunsHistoryLimit = 10
export const defaultFailedRunsHistoryLimit = 3
