// swarm can-i: asks the gate one question, and says which rule answered.

import type { Command } from 'commander'
import type { AdmissionContext } from '../../domain/admission/context.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { parseArguments } from '../../domain/guardrail/arguments.ts'
import { type Denied, describeRule } from '../../domain/guardrail/decision.ts'
import { decideToolCall } from '../../domain/guardrail/gate.ts'
import { matchesTool } from '../../domain/guardrail/glob.ts'
import { effectivePolicy } from '../../domain/guardrail/merge-policies.ts'
import { permittingRule } from '../../domain/guardrail/offered-tools.ts'
import { toolEffect } from '../../domain/guardrail/tool-effect.ts'
import { exitCodes } from '../exit.ts'
import { collected, oneOf, withClusterOptions } from '../options.ts'
import { collectInput } from '../run-input.ts'
import { argumentRule } from '../output/agent-explanation.ts'
import type { ClusterOptions } from '../session/cluster.ts'
import { agentNamed, withWorld } from '../session/world.ts'

interface CanIOptions extends ClusterOptions {
  readonly args?: string
  readonly input: Readonly<Record<string, string>>
  readonly file: readonly string[]
  readonly output: 'text' | 'json'
}

export const registerCanI = (program: Command): void => {
  withClusterOptions(program.command('can-i'))
    .summary('ask whether an agent may make a call, and which rule says so')
    .argument('<agent>', 'SwarmAgent')
    .argument('<server/tool>', 'the call, as permissions and the journal name it')
    .option('--args <json>', 'arguments of the call; left out: the constraints are told, not judged')
    .option('-i, --input <key=value>', 'input of the run, for constraints bound to it', collectInput, {})
    .option('-f, --file <path>', 'manifests that stand for the cluster; repeat for more', collected, [])
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm can-i incident-notifier slack/post_message -n incident-response\n  swarm can-i -f examples/incident-response incident-investigator slack/post_message\n  swarm can-i incident-notifier pagerduty/acknowledge_incident --args \'{"incident_id":"P-1"}\' -i incidentId=P-1\n',
    )
    .addHelpText(
      'after',
      '\nExit code: 0 yes, 4 no. What the server itself would say to the arguments is not asked.',
    )
    .action(async (agentName: string, call: string, options: CanIOptions) => {
      const { args, input, file: manifests, output, ...cluster } = options
      const answer = await withWorld({ ...cluster, manifests }, async (world) =>
        decide({ world: world.context, agent: agentNamed(world, agentName), call, args, input }),
      )
      console.log(output === 'json' ? JSON.stringify(answer, undefined, 2) : textOf(answer))
      process.exitCode = answer.allowed ? exitCodes.ok : exitCodes.denied
    })
}

type Answer =
  | {
      readonly allowed: true
      readonly agent: string
      readonly call: string
      readonly rule: string
      readonly effect: string
      /** Rules on its arguments, where none were given. */
      readonly onlyWith: readonly string[]
    }
  | ({ readonly allowed: false; readonly agent: string; readonly call: string } & Omit<Denied, 'type'>)

const decide = ({
  world: { policies, settings },
  agent,
  call,
  args,
  input,
}: {
  readonly world: AdmissionContext
  readonly agent: Parameters<typeof effectivePolicy>[0]['agent']
  readonly call: string
  readonly args: string | undefined
  readonly input: Readonly<Record<string, string>>
}): Answer => {
  const name = nameOf(call)
  const policy = effectivePolicy({ agent, policies, settings })
  const parsed = args === undefined ? undefined : parseArguments(args)
  if (parsed?.type === 'malformed')
    throw new KubeswarmError({
      code: 'Usage',
      message: `--args cannot be read: ${parsed.message}`,
      remedy: `--args '{"channel":"#incidents"}'`,
    })
  const decision = decideToolCall({
    policy,
    name,
    definition: 'not-connected',
    arguments: parsed?.value,
    input,
    earlier: { calls: 0, identical: 0 },
  })
  const about = { agent: agent.metadata.name, call }
  if (decision.type === 'denied') {
    const { type: _, ...denied } = decision
    return { allowed: false, ...about, ...denied, remedy: decision.remedy ?? remedyFor(decision) }
  }
  return {
    allowed: true,
    ...about,
    rule: permittingRule(policy, name),
    effect: toolEffect({ policy, ...name }),
    onlyWith:
      parsed === undefined
        ? policy.tools.constraints
            .filter(({ pattern }) => matchesTool(pattern, name))
            .map(
              ({ args: rules, source, pattern }) =>
                `${rules.map(argumentRule).join(', ')}  (${describeRule({ ...source, pattern })})`,
            )
        : [],
  }
}

const nameOf = (call: string): { readonly server: string; readonly tool: string } => {
  const slash = call.indexOf('/')
  if (slash > 0 && slash < call.length - 1)
    return { server: call.slice(0, slash), tool: call.slice(slash + 1) }
  throw new KubeswarmError({
    code: 'Usage',
    message: `"${call}" names no tool`,
    remedy: 'write <server>/<tool>, for example slack/post_message',
  })
}

/** The field to change, for denials that do not say so themselves. */
const remedyFor = ({ reason, rule }: Denied): string => {
  switch (reason) {
    case 'UnknownTool':
      return `add the server to ${describeRule(rule)} if the agent should have it`
    case 'ToolDenied':
      return `take the pattern out of ${rule.kind} ${rule.name} ${rule.field} if the call should be possible`
    case 'ConstraintViolated':
      return `call it with other arguments, or change ${rule.kind} ${rule.name} ${rule.field}`
    default:
      return `change ${rule.kind} ${rule.name} ${rule.field}`
  }
}

const textOf = (answer: Answer): string =>
  answer.allowed
    ? [
        `yes: ${answer.agent} may call ${answer.call}`,
        `  rule: ${answer.rule}`,
        ...answer.onlyWith.map((rule) => `  only with: ${rule}`),
        `  effect: ${answer.effect}`,
      ].join('\n')
    : [
        `no: ${answer.message}`,
        `  rule: ${describeRule(answer.rule)}`,
        `  to change it: ${answer.remedy ?? ''}`,
        `  reason: ${answer.reason}`,
      ].join('\n')
