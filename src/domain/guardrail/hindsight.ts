// What a change of policy would have meant for a run that is over: which of the calls it made would have been denied.
// Asks the gate again with the arguments and the input that the journal kept.

import type { JournalRecord } from '../journal/record.ts'
import type { Denied } from './decision.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { decideModelCall, decideToolCall } from './gate.ts'

export interface DeniedInHindsight {
  readonly run: string
  readonly step: string
  readonly agent: string
  readonly at: string
  /** `slack/post_message`, or `model qwen2.5:7b`. */
  readonly call: string
  readonly denied: Denied
}

export interface Hindsight {
  /** Calls looked at: tools and models. */
  readonly calls: number
  readonly denied: readonly DeniedInHindsight[]
}

export const hindsight = ({
  run,
  records,
  before,
  after,
}: {
  /** Its name, for people. */
  readonly run: string
  readonly records: readonly JournalRecord[]
  /** Effective policy by agent, as it is; undefined for an agent that has gone. */
  readonly before: (agent: string) => EffectivePolicy | undefined
  readonly after: (agent: string) => EffectivePolicy | undefined
}): Hindsight => {
  const started = records.find((record) => record.type === 'run.started')
  if (started?.type !== 'run.started') return { calls: 0, denied: [] }
  const { steps, input } = started.snapshot
  const agentOf = new Map(steps.map(({ name, agent }) => [name, agent]))
  let calls = 0
  const denied = records.flatMap((record): readonly DeniedInHindsight[] => {
    if (record.type !== 'tool.intended' && record.type !== 'llm.requested') return []
    const agent = agentOf.get(record.step) ?? ''
    const [old, now] = [before(agent), after(agent)]
    if (old === undefined || now === undefined) return []
    calls++
    const ask = (policy: EffectivePolicy) =>
      record.type === 'llm.requested'
        ? decideModelCall({ policy, ...record })
        : decideToolCall({
            policy,
            name: { server: record.server, tool: record.tool },
            definition: 'not-connected',
            arguments: record.arguments as Readonly<Record<string, unknown>>,
            input,
            earlier: { calls: 0, identical: 0 },
          })
    const answer = ask(now)
    // What is denied already is not the doing of the change.
    if (answer.type === 'allowed' || ask(old).type === 'denied') return []
    const call = record.type === 'llm.requested' ? `model ${record.model}` : `${record.server}/${record.tool}`
    return [{ run, step: record.step, agent, at: record.at, call, denied: answer }]
  })
  return { calls, denied }
}
