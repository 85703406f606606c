// The agents' paths: lease a task, tell what happens to it, end it. The hub keeps nothing itself; the store does.

import { Hono } from 'hono'
import { KubeswarmError } from '../../domain/error.ts'
import type { AgentKey } from '../../domain/run/task.ts'
import type { TaskStanding } from '../../ports/task-queue.ts'
import { attemptHistory } from '../attempt-history.ts'
import { awaitPolicy } from '../await-policy.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { untilEither } from '../either-signal.ts'
import { requireAgent } from '../middleware/require-agent.ts'
import { nothingAllowed } from '../no-policy.ts'
import { requireOwnRecords, requireOwnTask } from '../own-task.ts'
import { parseFinish, parseLease, parseProof, parseRecord, parseReserve } from '../parse-request.ts'
import { paths, type LeaseReply, type ReserveReply, type StandingReply } from '../wire.ts'

/** Shorter than the idle limits of common proxies. */
const LONGEST_WAIT_MS = 55_000

export const taskRoutes = (context: HubContext): Hono<HubEnv> => {
  const { store, clock, closing, leaseMs } = context
  const policyOf = async (agent: AgentKey) => (await store.policies.get(agent)) ?? nothingAllowed(agent)
  const replyOf = async (agent: AgentKey, standing: TaskStanding): Promise<StandingReply> => ({
    ...standing,
    policy: await policyOf(agent),
  })

  const app = new Hono<HubEnv>()
  app.use('/v1/tasks/*', requireAgent(context))

  app.post(paths.lease, async (c) => {
    const agent = c.get('agent')
    const { holder, waitMs } = await parseLease({ request: c.req.raw, clock })
    const deadline = clock.monotonic() + Math.min(waitMs, LONGEST_WAIT_MS)
    const left = (): number => Math.max(0, deadline - clock.monotonic())
    using gone = untilEither(c.req.raw.signal, closing)
    const { signal } = gone

    if (
      (await awaitPolicy({ policies: store.policies, agent, waitMs: left(), signal, clock })) === undefined
    ) {
      throw noPolicy(agent)
    }
    const lease = await store.tasks.lease({ agent, holder, leaseMs, waitMs: left(), signal })
    if (lease === undefined) return c.body(null, 204)
    const proof = { task: lease.task.id, fence: lease.fence }
    // Nobody hears the answer: the next owner need not wait for the lease to run out.
    if (signal.aborted) {
      await store.tasks.release(proof)
      return c.body(null, 204)
    }
    const [policy, history] = await Promise.all([
      policyOf(agent),
      attemptHistory({ journal: store.journal, lease }),
    ])
    return c.json<LeaseReply>({ ...lease, policy, history })
  })

  app.post(paths.heartbeat, async (c) => {
    const agent = c.get('agent')
    const proof = await parseProof({ request: c.req.raw, clock })
    await requireOwnTask({ store, agent, task: proof.task })
    return c.json<StandingReply>(await replyOf(agent, await store.tasks.heartbeat({ ...proof, leaseMs })))
  })

  app.post(paths.record, async (c) => {
    const agent = c.get('agent')
    const request = await parseRecord({ request: c.req.raw, clock })
    const task = await requireOwnTask({ store, agent, task: request.task })
    requireOwnRecords({ task, records: request.records })
    const { standing } = await store.tasks.append(request)
    return c.json<StandingReply>(await replyOf(agent, standing))
  })

  app.post(paths.reserve, async (c) => {
    const agent = c.get('agent')
    const request = await parseReserve({ request: c.req.raw, clock })
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
    return c.json<ReserveReply>({ standing: await replyOf(agent, standing), reservation })
  })

  app.post(paths.finish, async (c) => {
    const request = await parseFinish({ request: c.req.raw, clock })
    const task = await requireOwnTask({ store, agent: c.get('agent'), task: request.task })
    requireOwnRecords({ task, records: request.records })
    await store.tasks.finish(request)
    return c.body(null, 204)
  })

  app.post(paths.release, async (c) => {
    const proof = await parseProof({ request: c.req.raw, clock })
    await requireOwnTask({ store, agent: c.get('agent'), task: proof.task })
    await store.tasks.release(proof)
    return c.body(null, 204)
  })

  return app
}

const noPolicy = ({ namespace, name }: AgentKey): KubeswarmError =>
  new KubeswarmError({
    code: 'HubUnavailable',
    message: `agent ${namespace}/${name} has no effective policy yet, so it may do nothing`,
    remedy: `the operator writes it when it has seen the SwarmAgent: kubectl -n ${namespace} describe swarmagent ${name}`,
    retryable: true,
    retryAfterMs: 2000,
  })
