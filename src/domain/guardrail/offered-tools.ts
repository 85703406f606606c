// What a server offers to one agent, tool by tool: may it be called, which rule says so, what does a call count as, and
// does its definition hold more than a person sees.

import { describeRule } from './decision.ts'
import type { EffectivePolicy, ServerAddress } from './effective-policy.ts'
import { decideToolCall } from './gate.ts'
import { matchesTool } from './glob.ts'
import type { InputSchema } from './input-schema.ts'
import type { ToolName } from './tool-alias.ts'
import { toolEffect, type ToolAnnotations } from './tool-effect.ts'
import { hidesSomething } from './visible-text.ts'

export interface OfferedTool {
  readonly tool: string
  readonly allowed: boolean
  /** The rule that decided, as `describeRule` names it. */
  readonly rule: string
  readonly effect: ReturnType<typeof toolEffect>
  readonly hidesSomething: boolean
  /** Its server lists the name more than once; such a tool is never called. */
  readonly isAmbiguous: boolean
}

interface Definition {
  readonly name: string
  readonly description: string
  readonly inputSchema: InputSchema
  readonly annotations?: ToolAnnotations
}

/** In the order of their names. Judged as if the definitions were approved: whether they are is another question. */
export const offeredTools = ({
  policy,
  server,
  address,
  definitions,
}: {
  readonly policy: EffectivePolicy
  readonly server: string
  readonly address: ServerAddress
  readonly definitions: readonly Definition[]
}): readonly OfferedTool[] => {
  const byName = Map.groupBy(definitions, ({ name }) => name)
  return [...byName]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([tool, same]) => {
      const [definition] = same
      if (definition === undefined) return []
      const decision = decideToolCall({
        policy,
        name: { server, tool },
        definition,
        toolset: policy.tools.pins?.[server]?.digest,
        address,
        arguments: undefined,
        input: {},
        earlier: { calls: 0, identical: 0 },
      })
      const isAmbiguous = same.length > 1
      return [
        {
          tool,
          allowed: decision.type === 'allowed' && !isAmbiguous,
          rule: isAmbiguous
            ? 'builtin tools: a name that its server lists twice'
            : decision.type === 'allowed'
              ? permittingRule(policy, { server, tool })
              : describeRule(decision.rule),
          effect: toolEffect({ policy, server, tool, annotations: definition.annotations ?? {} }),
          hidesSomething: same.some(hidesSomething),
          isAmbiguous,
        },
      ]
    })
}

/** What permits a tool that nothing denies. */
export const permittingRule = (policy: EffectivePolicy, name: ToolName): string => {
  const allowing = policy.tools.allow.flat().find(({ pattern }) => matchesTool(pattern, name))
  return allowing === undefined
    ? `SwarmAgent ${policy.agent.name} spec.tools.mcp: without guardrails.tools.allow, every tool of its own servers`
    : describeRule({ ...allowing.source, pattern: allowing.pattern })
}
