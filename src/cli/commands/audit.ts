// swarm audit: who did what when, by which rule it was refused, and whether the record of it is whole.

import type { Command } from 'commander'
import { KubeswarmError } from '../../domain/error.ts'
import { auditStatuses, type AuditEntry } from '../../domain/journal/audit.ts'
import { exitCodes } from '../exit.ts'
import { oneOf, withClusterOptions } from '../options.ts'
import { auditTable, auditTree } from '../output/audit-view.ts'
import { paintFor } from '../output/paint.ts'
import { sinceTime } from '../since-time.ts'
import { withCluster, type Cluster, type ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'

interface AuditOptions extends ClusterOptions {
  readonly run?: string
  readonly agent?: string
  readonly tool?: string
  readonly status?: string
  readonly since?: string
  readonly limit?: string
  readonly allNamespaces?: boolean
  readonly tree?: boolean
  readonly verify?: boolean
  readonly output: string
}

export const registerAudit = (program: Command): void => {
  withClusterOptions(program.command('audit'))
    .summary('show who did what when, what was refused and why; --verify checks the record of it')
    .option('--run <run>', 'only this run')
    .option('--agent <agent>', 'only what this agent did')
    .option('--tool <pattern>', 'only calls of these tools, as in permissions: slack/*')
    .option('--status <status>', `only ${auditStatuses.join(', ')}`, oneOf('--status', auditStatuses))
    .option('--since <when>', 'a time (2026-04-23T02:45:00Z) or how long ago (90s, 30m, 24h, 7d)')
    .option('--limit <number>', 'at most so many, the newest (default: 500)')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--tree', 'by run and step')
    .option('--verify', "recompute each run's hash chain from what is stored")
    .option(
      '-o, --output <format>',
      'table, or json: one entry a line',
      oneOf('--output', ['table', 'json']),
      'table',
    )
    .addHelpText(
      'before',
      "Examples:\n  swarm audit --run incident-001\n  swarm audit --status denied --since 24h\n  swarm audit --tool 'slack/*' --tree\n  swarm audit --verify\n",
    )
    .action(async (options: AuditOptions) => {
      process.exitCode = await withCluster(options, (cluster) =>
        options.verify === true ? verify({ cluster, options }) : show({ cluster, options }),
      )
    })
}

const show = async ({
  cluster,
  options,
}: {
  readonly cluster: Cluster
  readonly options: AuditOptions
}): Promise<number> => {
  const { run, agent, tool, status, since, limit, output } = options
  const hub = await openHub(cluster)
  const entries: AuditEntry[] = []
  for await (const entry of hub.audit({
    ...(run === undefined ? {} : { run }),
    ...(agent === undefined ? {} : { agent }),
    ...(tool === undefined ? {} : { tool }),
    ...(status === undefined ? {} : { status }),
    ...(since === undefined ? {} : { since: sinceTime(since, Date.now()) }),
    ...(limit === undefined ? {} : { limit: numberOf(limit) }),
    allNamespaces: options.allNamespaces === true,
  })) {
    if (output === 'json') console.log(JSON.stringify(entry))
    else entries.push(entry)
  }
  if (output === 'json') return exitCodes.ok
  const paint = paintFor(process.stdout)
  if (entries.length === 0) console.error('nothing was found')
  else if (options.tree === true) for (const line of auditTree(entries, paint)) console.log(line)
  else console.log(auditTable({ entries, withNamespace: options.allNamespaces === true }))
  return exitCodes.ok
}

const verify = async ({
  cluster,
  options,
}: {
  readonly cluster: Cluster
  readonly options: AuditOptions
}): Promise<number> => {
  const { run, since, output } = options
  const hub = await openHub(cluster)
  let runs = 0
  let records = 0
  let broken = 0
  for await (const each of hub.verification({
    ...(run === undefined ? {} : { run }),
    ...(since === undefined ? {} : { since: sinceTime(since, Date.now()) }),
    allNamespaces: options.allNamespaces === true,
  })) {
    runs += 1
    const { result } = each
    if (result.type === 'intact') records += result.records
    else broken += 1
    if (output === 'json') console.log(JSON.stringify(each))
    else if (result.type === 'broken')
      console.log(`${each.namespace}/${each.run} (${each.uid}): record ${result.seq}: ${result.reason}`)
    else if (run !== undefined)
      console.log(`${each.namespace}/${each.run}: intact, ${result.records} records, head ${result.head}`)
  }
  if (runs === 0 && run !== undefined)
    throw new KubeswarmError({
      code: 'NotFound',
      message: `SwarmRun ${cluster.namespace}/${run} has no journal`,
      remedy: `swarm get runs -n ${cluster.namespace}`,
    })
  if (output !== 'json')
    console.log(
      broken === 0
        ? `${runs} ${runs === 1 ? 'run' : 'runs'} with ${records} records: every chain is intact`
        : `${broken} of ${runs} runs are broken: what they say cannot be relied on from the named record on`,
    )
  return broken === 0 ? exitCodes.ok : exitCodes.runFailed
}

const numberOf = (text: string): number => {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new KubeswarmError({
    code: 'Usage',
    message: `--limit "${text}" is no number`,
    remedy: '--limit 100',
  })
}
