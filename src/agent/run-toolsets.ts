// What tool servers offered to a run when it first asked them. A later task of the same run gets no other tools: what is
// new waits for the next run, and what has changed is refused.

import { definitionDigest } from '../domain/guardrail/toolset.ts'
import type { ToolDefinition } from '../ports/tool-server.ts'

export interface RunToolsets {
  /** How each definition relates to what the run was first shown by that server. */
  compare(request: {
    readonly run: string
    readonly server: string
    readonly definitions: readonly ToolDefinition[]
  }): ReadonlyMap<string, 'same' | 'changed' | 'new'>
}

const MOST_RUNS = 1000

export const runToolsets = (): RunToolsets => {
  const known = new Map<string, ReadonlyMap<string, string>>()
  return {
    compare: ({ run, server, definitions }) => {
      const key = JSON.stringify([run, server])
      const now = new Map(definitions.map((definition) => [definition.name, definitionDigest(definition)]))
      const first = known.get(key) ?? now
      known.set(key, first)
      const [oldest] = known.keys()
      if (known.size > MOST_RUNS && oldest !== undefined) known.delete(oldest)
      return new Map(
        [...now].map(([name, digest]) => {
          const before = first.get(name)
          return [name, before === undefined ? 'new' : before === digest ? 'same' : 'changed'] as const
        }),
      )
    },
  }
}
