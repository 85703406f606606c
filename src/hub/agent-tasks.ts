// What the hub does for an agent, whatever brings the request: leases with the policy that holds, the history of an
// interrupted attempt, and a wall between one agent's tasks and another's. It keeps nothing itself; the store does.

import { KubeswarmError } from '../domain/error.ts'
import type { RecordBody } from '../domain/journal/record.ts'
import type { AgentKey } from '../domain/run/task.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { LeaseProof, TaskStanding } from '../ports/task-queue.ts'
import { attemptHistory } from './attempt-history.ts'
import { awaitPolicy } from './await-policy.ts'
import { awaitStanding } from './await-standing.ts'
import { nothingAllowed } from './no-policy.ts'
import { requireOwnRecords, requireOwnTask, type OwnerRecord } from './own-task.ts'
import type { LeaseReply, ReserveReply, StandingReply } from './wire.ts'

type OfAgent<T> = T & { readonly agent: AgentKey }
interface Told extends LeaseProof {
  readonly records: readonly OwnerRecord[]
  readonly contents?: readonly string[]
}

export interface AgentTasks {
  /** Undefined when there was none in `waitMs`. Throws `HubUnavailable` for an agent without a policy. */
  lease(
    request: OfAgent<{ readonly holder: string; readonly waitMs: number; readonly signal: AbortSignal }>,
  ): Promise<LeaseReply | undefined>
  /** Waits up to `waitMs` for news of the task; with none left out, not at all. */
  heartbeat(
    request: OfAgent<LeaseProof & { readonly waitMs?: number; readonly signal?: AbortSignal }>,
  ): Promise<StandingReply>
  record(request: OfAgent<Told>): Promise<StandingReply>
  reserve(
    request: OfAgent<
      LeaseProof & {
        readonly record: RecordBody & { readonly type: 'llm.requested' }
        readonly before?: {
          readonly records: readonly OwnerRecord[]
          readonly contents?: readonly string[]
        }
      }
    >,
  ): Promise<ReserveReply>
  finish(request: OfAgent<Told>): Promise<void>
  release(proof: OfAgent<LeaseProof>): Promise<void>
}

/** Each verb throws `Forbidden` for a task or a record of another agent, and `StaleLease` for a lease that is over. */
export const createAgentTasks = ({
  store,
  clock,
  leaseMs,
}: {
  readonly store: Store
  readonly clock: Clock
  readonly leaseMs: number
}): AgentTasks => {
  const policyOf = async (agent: AgentKey) => (await store.policies.get(agent)) ?? nothingAllowed(agent)
  const replyOf = async (agent: AgentKey, standing: TaskStanding): Promise<StandingReply> => ({
    ...standing,
    policy: await policyOf(agent),
  })

  return {
    async lease({ agent, holder, waitMs, signal }) {
      const deadline = clock.monotonic() + waitMs
      const left = (): number => Math.max(0, deadline - clock.monotonic())
      const { policies } = store
      if ((await awaitPolicy({ policies, agent, waitMs: left(), signal, clock })) === undefined)
        throw noPolicy(agent)
      const lease = await store.tasks.lease({ agent, holder, leaseMs, waitMs: left(), signal })
      if (lease === undefined) return undefined
      // Nobody hears the answer: the next owner need not wait for the lease to run out.
      if (signal.aborted) {
        await store.tasks.release({ task: lease.task.id, fence: lease.fence })
        return undefined
      }
      const [policy, history] = await Promise.all([
        policyOf(agent),
        attemptHistory({ journal: store.journal, lease }),
      ])
      return { ...lease, policy, history }
    },

    async heartbeat({ agent, waitMs = 0, signal = new AbortController().signal, ...proof }) {
      const { tasks } = store
      await requireOwnTask({ store, agent, task: proof.task })
      const extend = (): Promise<TaskStanding> => tasks.heartbeat({ ...proof, leaseMs })
      const { task } = proof
      return replyOf(agent, await awaitStanding({ tasks, task, extend, waitMs, signal, clock }))
    },

    async record({ agent, ...request }) {
      const task = await requireOwnTask({ store, agent, task: request.task })
      requireOwnRecords({ task, records: request.records })
      const { standing } = await store.tasks.append(request)
      return replyOf(agent, standing)
    },

    async reserve({ agent, ...request }) {
      const task = await requireOwnTask({ store, agent, task: request.task })
      requireOwnRecords({ task, records: [...(request.before?.records ?? []), request.record] })
      const policy = await store.policies.get(agent)
      if (policy === undefined) throw noPolicy(agent)
      const { dailyTokens, namespaceDailyTokens } = policy.limits
      const { reservation, standing } = await store.tasks.reserve({
        ...request,
        ...(dailyTokens === undefined ? {} : { agentLimit: dailyTokens.value }),
        ...(namespaceDailyTokens === undefined ? {} : { namespaceLimit: namespaceDailyTokens.value }),
      })
      return { standing: await replyOf(agent, standing), reservation }
    },

    async finish({ agent, ...request }) {
      const task = await requireOwnTask({ store, agent, task: request.task })
      requireOwnRecords({ task, records: request.records })
      await store.tasks.finish(request)
    },

    async release({ agent, ...proof }) {
      await requireOwnTask({ store, agent, task: proof.task })
      await store.tasks.release(proof)
    },
  }
}

const noPolicy = ({ namespace, name }: AgentKey): KubeswarmError =>
  new KubeswarmError({
    code: 'HubUnavailable',
    message: `agent ${namespace}/${name} has no effective policy yet, so it may do nothing`,
    remedy: `the operator writes it when it has seen the SwarmAgent: kubectl -n ${namespace} describe swarmagent ${name}`,
    retryable: true,
    retryAfterMs: 2000,
  })
