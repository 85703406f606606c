// swarm explain: what an agent may do and which field says so, or where untrusted words, private data and a way out
// meet in a team.

import type { Command } from 'commander'
import { KubeswarmError } from '../../domain/error.ts'
import { explainAgent } from '../../domain/guardrail/explain-agent.ts'
import { teamSeparation } from '../../domain/guardrail/team-separation.ts'
import { targetOf } from '../kinds.ts'
import { collected, oneOf, withClusterOptions } from '../options.ts'
import { agentExplanation, separationLines } from '../output/agent-explanation.ts'
import { paintFor } from '../output/paint.ts'
import type { ClusterOptions } from '../session/cluster.ts'
import { agentNamed, withWorld, type World } from '../session/world.ts'

interface ExplainOptions extends ClusterOptions {
  readonly file: readonly string[]
  readonly output: 'text' | 'json'
}

export const registerExplain = (program: Command): void => {
  withClusterOptions(program.command('explain'))
    .summary('say what an agent may do, and which field says so')
    .argument('<kind>', 'agent or team, or agent/name')
    .argument('[name]')
    .option('-f, --file <path>', 'manifests that stand for the cluster; repeat for more', collected, [])
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm explain agent incident-notifier -n incident-response\n  swarm explain -f examples/incident-response agent incident-investigator\n  swarm explain -f examples/incident-response team incident-responder\n',
    )
    .action(async (kind: string, name: string | undefined, options: ExplainOptions) => {
      const target = targetOf(name === undefined ? [kind] : [kind, name])
      const { type } = target
      if (target.name === undefined || (type.kind !== 'SwarmAgent' && type.kind !== 'SwarmTeam'))
        throw new KubeswarmError({
          code: 'Usage',
          message:
            target.name === undefined
              ? 'explain needs a name'
              : `explain knows agents and teams, not ${type.kind}`,
          remedy: 'swarm explain agent NAME, or swarm explain team NAME',
        })
      const wanted = target.name
      const explain = type.kind === 'SwarmAgent' ? explainedAgent : explainedTeam
      const { file: manifests, output, ...cluster } = options
      console.log(await withWorld({ ...cluster, manifests }, async (world) => explain(world, wanted, output)))
    })
}

const explainedAgent = (world: World, name: string, output: ExplainOptions['output']): string => {
  const explained = explainAgent({ agent: agentNamed(world, name), ...world.context })
  return output === 'json'
    ? JSON.stringify(explained, undefined, 2)
    : agentExplanation(explained, paintFor(process.stdout))
}

const explainedTeam = (
  { context, namespace }: World,
  name: string,
  output: ExplainOptions['output'],
): string => {
  const team = context.teams.get(name)
  if (team === undefined)
    throw new KubeswarmError({
      code: 'NotFound',
      message: `SwarmTeam ${namespace}/${name} not found`,
      remedy: `teams are ${[...context.teams.keys()].join(', ') || 'none'}`,
    })
  const steps = teamSeparation({ team: team.spec, ...context })
  if (output === 'json') return JSON.stringify({ namespace, name, steps }, undefined, 2)
  const paint = paintFor(process.stdout)
  return [
    `Team ${namespace}/${name}: untrusted words, private data and a write to anywhere should not meet`,
    ...steps.flatMap((step) =>
      separationLines(`step ${step.step} (${step.agent ?? 'no agent'})`, step, paint),
    ),
  ].join('\n')
}
