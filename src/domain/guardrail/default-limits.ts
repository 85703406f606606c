// Limits that hold where an agent's manifest is silent; the last three are not configurable.

export const configurableLimits = {
  tokensPerCall: 8000,
  timeoutSeconds: 120,
  concurrentTasks: 5,
  retries: 3,
} as const

export const defaultLimits = {
  ...configurableLimits,
  turnsPerTask: 25,
  callsPerTask: 50,
  identicalCalls: 3,
} as const
