// Whether the calls a step must make can be made at all: the pattern names a tool, the agent is connected to the
// server and not forbidden to call it. A step that cannot succeed is better known before it runs.

import type { FieldError } from '../error.ts'
import type { SwarmAgent, SwarmTeam } from '../../api/v1alpha1/index.ts'
import { matchesTool } from '../guardrail/glob.ts'
import type { AdmissionContext } from './context.ts'
import { all, errors, type Findings, warnings } from './findings.ts'
import { suggest } from './suggest.ts'

const unreachable = (
  pattern: string,
  agent: SwarmAgent,
): Pick<FieldError, 'message' | 'remedy'> | undefined => {
  const slash = pattern.indexOf('/')
  const [server, tool] = [pattern.slice(0, slash), pattern.slice(slash + 1)]
  const known = (agent.spec.tools?.mcp ?? []).map(({ name }) => name)
  if (!server.includes('*') && !known.includes(server))
    return {
      message: `SwarmAgent "${agent.metadata.name}" has no server "${server}", so the step can never succeed`,
      remedy: suggest({ wanted: server, known, noun: 'servers' }),
    }
  if (pattern.includes('*')) return undefined
  const { allow, deny = [] } = agent.spec.guardrails?.tools ?? {}
  const denied = deny.find((rule) => matchesTool(rule, { server, tool }))
  if (denied !== undefined)
    return {
      message: `SwarmAgent "${agent.metadata.name}" denies "${pattern}" by "${denied}", so the step can never succeed`,
      remedy: 'Take one of the two away.',
    }
  if (allow === undefined || allow.some((rule) => matchesTool(rule, { server, tool }))) return undefined
  return {
    message: `SwarmAgent "${agent.metadata.name}" does not allow "${pattern}", so the step can never succeed`,
    remedy: `Add "${pattern}" to spec.guardrails.tools.allow of the agent.`,
  }
}

export const checkRequiredCalls = (
  { roles = [], pipeline = [] }: SwarmTeam['spec'],
  { agents }: AdmissionContext,
): Findings =>
  all(
    pipeline.flatMap(({ role, mustCall = [] }, index) =>
      mustCall.map((pattern, position) => {
        const path = `spec.pipeline[${index}].mustCall[${position}]`
        if (!/^[^/]+\/.+$/.test(pattern))
          return errors([
            {
              path,
              message: `"${pattern}" names no tool`,
              remedy: 'Write <server>/<tool>, for example slack/post_message.',
            },
          ])
        const name = roles.find((each) => each.name === role)?.swarmAgent
        const agent = name === undefined ? undefined : agents.get(name)
        const fault = agent === undefined ? undefined : unreachable(pattern, agent)
        return fault === undefined ? all([]) : warnings([{ path, ...fault }])
      }),
    ),
  )
