// The values that hold where a manifest says nothing and the API server fills in nothing, because the object around the
// field was not written. Limits of agents have theirs in `domain/guardrail/default-limits.ts`.

export const defaultMaxOutputBytes = 65536
