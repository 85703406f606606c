// swarm policy test: what a SwarmPolicy would do before it is applied: which agents it cuts, what admission would say to
// them, and which calls of past runs it would have denied.

import type { Command } from 'commander'
import type { SwarmPolicy, SwarmRun } from '../../api/v1alpha1/index.ts'
import { separationFoundBy } from '../../domain/admission/check-separation.ts'
import { describeField } from '../../domain/admission/describe.ts'
import { KubeswarmError, type FieldError } from '../../domain/error.ts'
import { describeRule } from '../../domain/guardrail/decision.ts'
import { type DeniedInHindsight, hindsight } from '../../domain/guardrail/hindsight.ts'
import { effectivePolicy } from '../../domain/guardrail/merge-policies.ts'
import { policyViolations, type Violation } from '../../domain/guardrail/policy-violations.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import { runType } from '../kinds.ts'
import { collected, oneOf, withClusterOptions } from '../options.ts'
import { type Paint, paintFor } from '../output/paint.ts'
import type { ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'
import { appliedTo, namespaceOf, readSwarmObjects, withWorld, type World } from '../session/world.ts'
import { whatIf, whatIfLines, type WhatIf } from '../what-if.ts'

interface PolicyTestOptions extends ClusterOptions {
  readonly file: readonly string[]
  readonly against: readonly string[]
  readonly runs: string
  readonly output: 'text' | 'json'
}

export const registerPolicy = (program: Command): void => {
  const policy = program
    .command('policy')
    .summary('try a policy before it is applied')
    .addHelpText('before', 'Examples:\n  swarm policy test -f incident-policy.yaml\n')
  withClusterOptions(policy.command('test'))
    .summary('say what a policy would change for agents, and would have denied in past runs')
    .option('-f, --file <path>', 'the policy; repeat for more', collected, [])
    .option('--against <path>', 'manifests that stand for the cluster; repeat for more', collected, [])
    .option('--runs <number>', 'how many of the latest runs to look at', '20')
    .option('-o, --output <format>', 'text or json', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText(
      'before',
      'Examples:\n  swarm policy test -f incident-policy.yaml\n  swarm policy test -f examples/incident-response/incident-policy.yaml --against examples/incident-response\n',
    )
    .action(async ({ file, against, runs, output, ...cluster }: PolicyTestOptions) => {
      const objects = await readSwarmObjects(file)
      const policies = objects.filter(({ kind }) => kind === 'SwarmPolicy')
      if (policies.length === 0)
        throw new KubeswarmError({
          code: 'Usage',
          message:
            file.length === 0
              ? 'policy test needs a policy'
              : `there is no SwarmPolicy in ${file.join(', ')}`,
          remedy: 'swarm policy test -f POLICY.yaml',
        })
      const result = await withWorld(
        { ...cluster, manifests: against, preferred: namespaceOf(policies) },
        async (world) => {
          const names = new Set(policies.map(({ metadata }) => metadata.name))
          // A policy that is there already is what is being tried, not what it is compared with.
          const isTried = ({ kind, metadata }: World['objects'][number]): boolean =>
            against.length > 0 && kind === 'SwarmPolicy' && names.has(metadata.name)
          const before = appliedTo(
            { ...world, objects: world.objects.filter((object) => !isTried(object)) },
            [],
          )
          return tried({ before, after: appliedTo(before, policies), names, runs: countOf(runs) })
        },
      )
      if (output === 'json') console.log(JSON.stringify(result, undefined, 2))
      else for (const line of linesOf(result, paintFor(process.stdout))) console.log(line)
    })
}

const countOf = (text: string): number => {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new KubeswarmError({
    code: 'Usage',
    message: `--runs "${text}" is not a number`,
    remedy: '--runs 20, or --runs 0 to look at none',
  })
}

interface Tried {
  readonly changes: WhatIf
  /** What admission would say to agents as they are written. */
  readonly violations: readonly Violation[]
  /** Teams and agents that do not keep the separation it demands. */
  readonly unseparated: readonly FieldError[]
  /** Undefined where there is no cluster to ask. */
  readonly past:
    | {
        readonly runs: number
        readonly calls: number
        readonly denied: readonly DeniedInHindsight[]
        /** Runs whose journal could not be read. */
        readonly unread: readonly string[]
      }
    | undefined
}

const tried = async ({
  before,
  after,
  names,
  runs,
}: {
  readonly before: World
  readonly after: World
  readonly names: ReadonlySet<string>
  readonly runs: number
}): Promise<Tried> => ({
  changes: whatIf({ before, after }),
  violations: [...after.context.agents.values()].flatMap((agent) =>
    policyViolations({
      agent,
      policies: after.context.policies.filter(({ metadata }) => names.has(metadata.name)),
    }),
  ),
  unseparated: after.context.policies
    .filter(({ metadata }) => names.has(metadata.name))
    .flatMap((policy) => separationFoundBy(policy, after.context)),
  past: before.cluster === undefined ? undefined : await pastRuns({ before, after, runs }),
})

const pastRuns = async ({
  before,
  after,
  runs: count,
}: {
  readonly before: World
  readonly after: World
  readonly runs: number
}): Promise<Tried['past']> => {
  const { cluster } = before
  if (cluster === undefined || count === 0) return undefined
  const hub = await openHub(cluster)
  const { items } = await cluster.connection.list<SwarmRun>(runType, { namespace: cluster.namespace })
  const latest = items.toSorted((a, b) => (createdAt(a) < createdAt(b) ? 1 : -1)).slice(0, count)
  const policyIn =
    ({ context: { agents, policies, settings } }: World) =>
    (name: string) => {
      const agent = agents.get(name)
      return agent === undefined ? undefined : effectivePolicy({ agent, policies, settings })
    }
  const unread: string[] = []
  const found = []
  for (const { metadata } of latest) {
    const records: JournalRecord[] = []
    try {
      const request = { run: metadata.name, follow: false }
      const { uid } = metadata
      for await (const record of hub.journal(uid === undefined ? request : { ...request, uid }))
        records.push(record)
    } catch (error) {
      if (!(error instanceof KubeswarmError) || error.code !== 'NotFound') throw error
      unread.push(metadata.name)
      continue
    }
    found.push(hindsight({ run: metadata.name, records, before: policyIn(before), after: policyIn(after) }))
  }
  return {
    runs: found.length,
    calls: found.reduce((sum, { calls }) => sum + calls, 0),
    denied: found.flatMap(({ denied }) => denied),
    unread,
  }
}

const createdAt = ({ metadata }: SwarmRun): string => metadata.creationTimestamp ?? ''

const admissionSays: Record<NonNullable<SwarmPolicy['spec']>['enforcementMode'] & string, string> = {
  Enforce: 'would be refused when applied anew',
  Warn: 'would be warned of',
  Audit: 'would pass without a word',
}

const linesOf = ({ changes, violations, unseparated, past }: Tried, paint: Paint): readonly string[] => [
  ...whatIfLines(changes, paint),
  ...(changes.agents.length === 0 ? ['no agent gains or loses anything'] : []),
  ...violations.map(
    ({ message, mode }) => `${paint.yellow('! as written')}: ${message}; ${admissionSays[mode]}`,
  ),
  ...unseparated.map((finding) => `${paint.yellow('! as written')}: ${describeField(finding)}`),
  ...(past === undefined
    ? ['past runs: not looked at, there is no cluster to ask']
    : [
        `past runs: ${past.calls} calls of ${past.runs} runs looked at, ${past.denied.length} would have been denied`,
        ...past.denied.map(
          ({ run, step, agent, at, call, denied }) =>
            `  ${paint.red('✗')} ${run} ${step} (${agent}) ${at} ${call}: ${denied.message} [${describeRule(denied.rule)}]`,
        ),
        ...(past.unread.length === 0 ? [] : [`  without a journal: ${past.unread.join(', ')}`]),
      ]),
]
