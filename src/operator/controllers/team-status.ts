// What a team's status says, and how much of its history it keeps: pure decisions over what the caches hold.

import type { SwarmAgent, SwarmRun, SwarmTeam, SwarmTeamStatus } from '../../api/v1alpha1/index.ts'
import type { FieldError } from '../../domain/error.ts'
import { conditionsAt, type ConditionNow } from '../conditions.ts'
import { defaultHistory, type HistoryLimits } from '../../domain/run/run-history.ts'

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

/** What of the team's runs is kept. */
export const historyLimits = ({ spec }: SwarmTeam): HistoryLimits => {
  const {
    successfulRunsHistoryLimit: succeeded = defaultHistory.succeeded,
    failedRunsHistoryLimit: failed = defaultHistory.failed,
    runRetainFor,
  } = spec
  const retainMs = runRetainFor === undefined ? undefined : durationMs(runRetainFor)
  return { succeeded, failed, ...(retainMs === undefined ? {} : { retainMs }) }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Go's duration text, such as `1h30m`. Undefined when it is none. */
export const durationMs = (text: string): number | undefined => {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined
  return parts.reduce((sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (units[unit] ?? 0), 0)
}
