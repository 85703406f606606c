// The policy book with all policies in memory: it is read on every lease, heartbeat and journal reply, and nobody
// else can write the file.

import type { EffectivePolicy } from '../../../domain/guardrail/effective-policy.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import type { PolicyBook } from '../../../ports/policy-book.ts'
import { statements } from '../statements.ts'
import type { Database } from './database.ts'
import type { Notices } from '../notices.ts'
import type { WriteQueue } from './write-queue.ts'

const keyOf = ({ namespace, name }: AgentKey): string => `${namespace}/${name}`

export const createPolicyShelf = ({
  database,
  writes,
  changed,
}: {
  readonly database: Database
  readonly writes: WriteQueue
  readonly changed: Notices<AgentKey>
}): PolicyBook => {
  const shelf = new Map<string, EffectivePolicy>()
  for (const { policy: text } of database.all<{ policy: string }>(statements.policy.all)) {
    const policy = JSON.parse(text) as EffectivePolicy
    shelf.set(keyOf(policy.agent), policy)
  }
  return {
    put: (policy) =>
      writes.write(({ database: inside, afterCommit }) => {
        const { agent, revision } = policy
        if (shelf.get(keyOf(agent))?.revision === revision) return false
        inside.run(statements.policy.put, agent.namespace, agent.name, revision, JSON.stringify(policy))
        afterCommit(() => {
          shelf.set(keyOf(agent), policy)
          changed.publish(agent)
        })
        return true
      }),
    get: (agent) => Promise.resolve(shelf.get(keyOf(agent))),
    remove: (agent) =>
      writes.write(({ database: inside, afterCommit }) => {
        inside.run(statements.policy.remove, agent.namespace, agent.name)
        afterCommit(() => {
          if (shelf.delete(keyOf(agent))) changed.publish(agent)
        })
      }),
    subscribe: changed.subscribe,
  }
}
