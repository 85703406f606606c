// Who may call what, as the gate answers it: one row per agent, one column per tool that any run has ever asked for or
// any agent names. A picture of the separation, computed by the same function that enforces it.

import { decideToolCall } from '../../domain/guardrail/gate.ts'
import type { EffectivePolicy } from '../../domain/guardrail/effective-policy.ts'
import type { Paint } from './paint.ts'

export interface KnownTool {
  readonly server: string
  readonly tool: string
}

export const separationMatrix = ({
  policies,
  tools,
  paint,
}: {
  readonly policies: readonly EffectivePolicy[]
  readonly tools: readonly KnownTool[]
  readonly paint: Paint
}): string => {
  const heads = tools.map(({ server, tool }) => `${server}/${tool}`)
  const first = Math.max(...policies.map(({ agent }) => agent.name.length), 5) + 3
  const line = (name: string, cells: readonly { readonly text: string; readonly shown: string }[]) =>
    `  ${name.padEnd(first)}${cells.map(({ text, shown }, column) => shown + ' '.repeat(Math.max(0, (heads[column]?.length ?? 0) + 2 - text.length))).join('')}`.trimEnd()
  return [
    line(
      '',
      heads.map((text) => ({ text, shown: paint.dim(text) })),
    ),
    ...policies.map((policy) =>
      line(
        policy.agent.name,
        tools.map((name) => {
          const { type } = decideToolCall({
            policy,
            name,
            definition: 'not-connected',
            arguments: undefined,
            input: {},
            earlier: { calls: 0, identical: 0 },
          })
          return type === 'allowed'
            ? { text: 'allowed', shown: paint.green('allowed') }
            : { text: 'denied', shown: paint.red('denied') }
        }),
      ),
    ),
  ].join('\n')
}
