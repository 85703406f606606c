// What people are told of the end of a team's run, made of what its journal says. A cancelled run is nobody's news:
// somebody has cancelled it.

import type { NotifyEvent } from '../../api/v1alpha1/index.ts'
import type { RunState } from '../journal/run-state.ts'
import { totalTokens } from '../journal/usage.ts'
import { unknownOutcomes } from '../run/decide-end.ts'
import type { NotifyFact } from './notify-fact.ts'
import { readReport } from './read-report.ts'

interface End {
  readonly run: { readonly namespace: string; readonly name: string; readonly uid: string }
  /** Of the record that ended it. */
  readonly seq: number
  readonly phase: 'Succeeded' | 'Failed' | 'Cancelled'
  readonly reason: string
  readonly message: string
  /** RFC 3339. */
  readonly endedAt: string
}

const shownOfOutput = 4096

export const endFact = ({
  end: { run, seq, phase, reason, message, endedAt },
  team,
  state,
  models,
  subject,
}: {
  readonly end: End
  readonly team: string
  readonly state: RunState
  readonly models: readonly string[]
  /** What the delivery that started the run was about, where one did. */
  readonly subject?: string | undefined
}): NotifyFact | undefined => {
  const event = eventOf(phase, reason)
  if (event === undefined) return undefined
  const { startedAt, steps, output, usage } = state
  const used = totalTokens(usage)
  return {
    id: `run/${run.uid}/${seq}`,
    event,
    namespace: run.namespace,
    at: endedAt,
    subject: { kind: 'team', name: team },
    thread: threadOf({ run, state, subject }),
    message,
    run: {
      name: run.name,
      reason,
      ...(startedAt === undefined ? {} : { durationMs: Date.parse(endedAt) - Date.parse(startedAt) }),
      ...(Object.keys(usage).length === 0 ? {} : { tokens: used }),
      models,
      steps: steps.map(({ name, agent, phase: stepPhase }) => ({ name, agent, phase: stepPhase })),
      unknownOutcomes: unknownOutcomes(state),
      ...(output === undefined ? {} : { output: output.head.slice(0, shownOfOutput) }),
      report: readReport([
        ...steps.flatMap((step) => step.output?.head ?? []),
        ...(output === undefined ? [] : [output.head]),
      ]),
    },
  }
}

const eventOf = (phase: End['phase'], reason: string): NotifyEvent | undefined => {
  if (phase === 'Succeeded') return 'TeamSucceeded'
  if (phase === 'Cancelled') return undefined
  return reason === 'TimedOut' ? 'TeamTimedOut' : 'TeamFailed'
}

const incidentInputs = ['incidentId', 'incident_id', 'incident']
const longestIncident = 100

/** Runs about the same incident share a thread; a run about none has its own. */
const threadOf = ({
  run,
  state,
  subject,
}: {
  readonly run: End['run']
  readonly state: RunState
  readonly subject?: string | undefined
}): string => {
  const input = state.snapshot?.input ?? {}
  const named = subject ?? incidentInputs.flatMap((name) => input[name] ?? []).find((id) => id.trim() !== '')
  return named === undefined || named.length > longestIncident ? `run/${run.uid}` : `incident/${named.trim()}`
}

/** The agents that the day's tokens ran out for, once an agent and day. */
export const dailyLimitFacts = ({
  end: { run, endedAt },
  state,
}: {
  readonly end: Pick<End, 'run' | 'endedAt'>
  readonly state: RunState
}): readonly NotifyFact[] => {
  const spent = state.steps.filter(({ failure }) => failure?.code === 'DailyTokensExhausted')
  return [...new Map(spent.map((step) => [step.agent, step])).values()].map(({ agent, failure }) => ({
    id: `daily-limit/${agent}/${(failure?.at ?? endedAt).slice(0, 10)}`,
    event: 'DailyLimitReached',
    namespace: run.namespace,
    at: failure?.at ?? endedAt,
    subject: { kind: 'agent', name: agent },
    thread: `agent/${agent}`,
    message: failure?.message ?? 'the tokens of the day are used up',
  }))
}
