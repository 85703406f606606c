// Whether a step's `mustCall` is met, decided from the journal: what the model says it did does not count.

import { matchesTool } from '../guardrail/glob.ts'

/** True when a tool that matches `pattern` was called with success. */
export const isRequiredCall = (
  pattern: string,
  tools: readonly { readonly tool: string; readonly succeeded: number }[],
): boolean => tools.some(({ tool, succeeded }) => succeeded > 0 && matchesTool(pattern, parts(tool)))

// A tool's own name may contain a slash; a server's may not.
const parts = (tool: string): { readonly server: string; readonly tool: string } => {
  const slash = tool.indexOf('/')
  return { server: tool.slice(0, slash), tool: tool.slice(slash + 1) }
}
