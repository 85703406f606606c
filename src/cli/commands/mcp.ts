// swarm mcp: what the tool servers of an agent offer, and whether that is what somebody approved; and the approval.

import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { MCPToolSpec, SwarmAgent } from '../../api/v1alpha1/index.ts'
import { closestName } from '../../domain/closest-name.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { effectivePolicy } from '../../domain/guardrail/merge-policies.ts'
import { exitCodes } from '../exit.ts'
import { oneOf, withClusterOptions } from '../options.ts'
import { paintFor } from '../output/paint.ts'
import { proposalLines } from '../output/tool-proposal.ts'
import { toolServerLines } from '../output/tool-server-report.ts'
import { approveTools, proposeApproval } from '../session/approve-tools.ts'
import type { Cluster, ClusterOptions } from '../session/cluster.ts'
import { agentNamed, withWorld, type World } from '../session/world.ts'
import { reportToolServer, type ToolServerReport } from '../tool-server-report.ts'

interface CheckOptions extends ClusterOptions {
  readonly at?: string
  readonly output: 'text' | 'json'
}

interface ApproveOptions extends ClusterOptions {
  readonly at?: string
  readonly digest?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

const atHelp = 'where the server can be reached from here, as a port-forward gives it'

export const registerMcp = (program: Command): void => {
  const mcp = program
    .command('mcp')
    .summary('look at what tool servers offer, and approve it')
    .addHelpText(
      'before',
      'Examples:\n  swarm mcp check incident-notifier -n incident-response\n  swarm mcp approve incident-notifier slack -n incident-response\n',
    )

  withClusterOptions(mcp.command('check'))
    .summary('ask the tool servers of an agent what they offer, and compare it with what was approved')
    .argument('<agent>', 'SwarmAgent')
    .argument('[server]', 'one server of its spec.tools.mcp; left out: all')
    .option('--at <url>', `${atHelp} (with one server)`)
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'after',
      '\nExit code: 0 all answer with what was approved, 4 one offers something else or may not be contacted, 5 one does not answer.\nServers inside the cluster are reached through the API server, with your rights there.',
    )
    .action(async (agentName: string, serverName: string | undefined, options: CheckOptions) => {
      const { at, output, ...cluster } = options
      await onCluster(cluster, async (world, reachable) => {
        const agent = agentNamed(world, agentName)
        if (at !== undefined && serverName === undefined)
          throw new KubeswarmError({
            code: 'Usage',
            message: '--at says where one server is, and none is named',
            remedy: `swarm mcp check ${agentName} SERVER --at ${at}`,
          })
        const servers = serverName === undefined ? serversOf(agent) : [serverNamed(agent, serverName)]
        const policy = effectivePolicy({ agent, ...world.context })
        const reports = await Promise.all(
          servers.map((server) => reportToolServer({ cluster: reachable, agent, server, policy, at })),
        )
        console.log(
          output === 'json'
            ? JSON.stringify({ ...policy.agent, servers: reports }, undefined, 2)
            : textOf(policy.agent, reports),
        )
        process.exitCode = exitCodeOf(reports)
      })
    })

  withClusterOptions(mcp.command('approve'))
    .summary('accept what a tool server offers now: pins its digest on the agent')
    .argument('<agent>', 'SwarmAgent')
    .argument('<server>', 'server of its spec.tools.mcp')
    .option('--digest <digest>', 'approve only this: refused if the server offers anything else')
    .option('--at <url>', atHelp)
    .option('--dry-run', 'show what would be approved, and change nothing')
    .option('-y, --yes', 'do not ask')
    .action(async (agentName: string, serverName: string, options: ApproveOptions) => {
      const { at, digest, dryRun = false, yes = false, ...cluster } = options
      await onCluster(cluster, async (world, reachable) => {
        const agent = agentNamed(world, agentName)
        const server = serverNamed(agent, serverName)
        const policy = effectivePolicy({ agent, ...world.context })
        const proposal = await proposeApproval({ cluster: reachable, agent, server, policy, at, digest })
        console.log(proposalLines(proposal, paintFor(process.stdout)).join('\n'))
        if (dryRun || proposal.patches.length === 0) return
        if (!yes && !(await confirmed(`Approve this for SwarmAgent ${agentName}? [y/N] `)))
          return console.log('nothing was changed')
        await approveTools({ cluster: reachable, agent, proposal })
        console.log(
          server.pin === undefined
            ? `approved: ${proposal.field} of SwarmAgent ${agentName}. Applying its manifest leaves it there.`
            : `approved. In the manifest of SwarmAgent ${agentName}, so that applying it keeps the approval, under tools.mcp "${server.name}":\n  pin: ${proposal.digest}`,
        )
      })
    })
}

const onCluster = (
  options: ClusterOptions,
  work: (world: World, cluster: Cluster) => Promise<void>,
): Promise<void> =>
  withWorld({ ...options, manifests: [] }, async (world) => {
    if (world.cluster !== undefined) await work(world, world.cluster)
  })

const serversOf = ({ spec }: SwarmAgent): readonly MCPToolSpec[] => spec.tools?.mcp ?? []

const serverNamed = (agent: SwarmAgent, wanted: string): MCPToolSpec => {
  const servers = serversOf(agent)
  const found = servers.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  const names = servers.map(({ name }) => name)
  const near = closestName(wanted, names)
  throw new KubeswarmError({
    code: 'NotFound',
    message: `SwarmAgent ${agent.metadata.name} has no tool server "${wanted}" in spec.tools.mcp`,
    remedy: near === undefined ? `its servers are ${names.join(', ') || 'none'}` : `did you mean ${near}?`,
  })
}

const textOf = (
  { namespace, name }: { readonly namespace: string; readonly name: string },
  reports: readonly ToolServerReport[],
): string => {
  const paint = paintFor(process.stdout)
  return [
    `Agent ${namespace}/${name}`,
    ...(reports.length === 0 ? ['', 'spec.tools.mcp names no server'] : []),
    ...reports.flatMap((report) => ['', ...toolServerLines(report, paint)]),
  ].join('\n')
}

/** What is not as approved counts for more than what is not there. */
const exitCodeOf = (reports: readonly ToolServerReport[]): number => {
  const isRefused = (report: ToolServerReport): boolean =>
    report.type === 'failed' ? report.error.code === 'PolicyDenied' : report.approval.type === 'changed'
  if (reports.some(isRefused)) return exitCodes.denied
  return reports.some(({ type }) => type === 'failed') ? exitCodes.unavailable : exitCodes.ok
}

const confirmed = async (question: string): Promise<boolean> => {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new KubeswarmError({
      code: 'Usage',
      message: 'nobody is there to confirm the approval',
      remedy: 'look at what is shown above, then add --yes, and --digest to approve that and nothing else',
    })
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim())
  } finally {
    terminal.close()
  }
}
