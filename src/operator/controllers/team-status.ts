// What a team's status says, and which of its old runs may go: pure decisions over what the caches hold.

import type { SwarmAgent, SwarmRun, SwarmTeam, SwarmTeamStatus } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../../domain/error.ts'
import { isOver } from '../../domain/run/is-over.ts'
import { conditionsAt, type ConditionNow } from '../conditions.ts'

export const teamStatus = ({
  team,
  agents,
  runs,
  errors,
  now,
}: {
  readonly team: SwarmTeam
  /** The namespace's agents by name. */
  readonly agents: (name: string) => SwarmAgent | undefined
  readonly runs: readonly SwarmRun[]
  readonly errors: readonly FieldError[]
  readonly now: number
}): SwarmTeamStatus => {
  const { generation: observedGeneration = 1, namespace } = team.metadata
  const roles = (team.spec.roles ?? []).map((role) => {
    const agent = role.swarmAgent === undefined ? undefined : agents(role.swarmAgent)
    return {
      name: role.name,
      readyReplicas: agent?.status?.readyReplicas ?? 0,
      desiredReplicas: agent?.spec.runtime?.replicas ?? (agent === undefined ? 0 : 1),
    }
  })
  const missing = (team.spec.roles ?? []).flatMap(({ name, swarmAgent }) =>
    swarmAgent !== undefined && agents(swarmAgent) === undefined
      ? [`role ${name}: SwarmAgent "${swarmAgent}"`]
      : [],
  )
  const unready = roles.filter(({ readyReplicas, desiredReplicas }) => readyReplicas < desiredReplicas)
  const condition = ((): Omit<ConditionNow, 'type' | 'observedGeneration'> => {
    if (errors.length > 0) {
      const message = errors.map(({ path, message: what }) => `${path}: ${what}`).join('; ')
      return { status: 'False', reason: 'InvalidTopology', message }
    }
    if (missing.length > 0) {
      const message = `${missing.join(', ')} does not exist in namespace "${namespace}"; create it, or correct spec.roles`
      return { status: 'False', reason: 'RolesNotReady', message }
    }
    if (unready.length > 0) {
      const names = unready.map(({ name }) => name).join(', ')
      const message = `agents of ${names} are not ready; see kubectl -n ${namespace} get swarmagents`
      return { status: 'False', reason: 'RolesNotReady', message }
    }
    return { status: 'True', reason: 'Reconciled', message: 'every role has an agent that takes tasks' }
  })()

  const latest = newest(runs)
  const lastRunPhase = latest?.status?.phase ?? (latest === undefined ? undefined : 'Pending')
  const ended = runs.reduce<string | undefined>((latest, { status: { completionTime } = {} }) => {
    if (completionTime === undefined || (latest !== undefined && latest >= completionTime)) return latest
    return completionTime
  }, undefined)
  return {
    phase: phaseOf(condition.status === 'True', lastRunPhase),
    roles,
    ...(team.spec.entry === undefined ? {} : { entryRole: team.spec.entry }),
    ...(latest === undefined ? {} : { lastRunName: latest.metadata.name }),
    ...(lastRunPhase === undefined ? {} : { lastRunPhase }),
    ...(ended === undefined ? {} : { lastActiveTime: ended }),
    observedGeneration,
    conditions: conditionsAt({
      previous: team.status?.conditions,
      current: [{ type: 'Ready', observedGeneration, ...condition }],
      now,
    }),
  }
}

type Phase = NonNullable<SwarmTeamStatus['phase']>

const phaseOf = (ready: boolean, last: SwarmTeamStatus['lastRunPhase']): Phase => {
  if (last === 'Pending' || last === 'Running') return 'Running'
  if (!ready) return 'Pending'
  if (last === 'Succeeded' || last === 'Failed') return last
  return 'Ready'
}

const newest = (runs: readonly SwarmRun[]): SwarmRun | undefined =>
  runs.reduce<SwarmRun | undefined>(
    (latest, run) => (latest === undefined || isNewer(run, latest) ? run : latest),
    undefined,
  )

const isNewer = ({ metadata: a }: SwarmRun, { metadata: b }: SwarmRun): boolean =>
  (compare(a.creationTimestamp ?? '', b.creationTimestamp ?? '') || compare(a.name, b.name)) > 0

const defaultSucceeded = 10
const defaultFailed = 3

/** Finished runs beyond the team's history, and when the next one will be. */
export const expiredRuns = ({
  team,
  runs,
  now,
}: {
  readonly team: SwarmTeam
  readonly runs: readonly SwarmRun[]
  readonly now: number
}): { readonly expired: readonly SwarmRun[]; readonly nextAt?: number } => {
  const { successfulRunsHistoryLimit = defaultSucceeded, failedRunsHistoryLimit = defaultFailed } = team.spec
  const retainMs = team.spec.runRetainFor === undefined ? undefined : durationMs(team.spec.runRetainFor)
  // Asked at the end of each run, of a history that may be long: times are read once.
  const finished = runs
    .flatMap((run) => {
      const { phase, completionTime } = run.status ?? {}
      if (phase === undefined || !isOver(run)) return []
      return [{ run, succeeded: phase === 'Succeeded', endedAt: Date.parse(completionTime ?? '') || 0 }]
    })
    .toSorted((a, b) => b.endedAt - a.endedAt || compare(b.run.metadata.name, a.run.metadata.name))
  const left = { succeeded: successfulRunsHistoryLimit, failed: failedRunsHistoryLimit }
  const expired: SwarmRun[] = []
  let nextAt: number | undefined
  for (const { run, succeeded, endedAt } of finished) {
    const isKept = succeeded ? left.succeeded-- > 0 : left.failed-- > 0
    if (!isKept || (retainMs !== undefined && endedAt + retainMs <= now)) expired.push(run)
    // From the newest to the oldest: the last one that stays is the next to go.
    else if (retainMs !== undefined) nextAt = endedAt + retainMs
  }
  return { expired, ...(nextAt === undefined ? {} : { nextAt }) }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Go's duration text, such as `1h30m`. Undefined when it is none. */
export const durationMs = (text: string): number | undefined => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined
  return parts.reduce((sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (units[unit] ?? 0), 0)
}
