// SwarmEvents of type team-output: the end of a team's run is a delivery whose identity is the run, so that it starts
// each target once, however often it is told.

import type { SwarmEvent } from '../../api/v1alpha1/index.ts'
import { longestChain } from '../../domain/trigger/event-loops.ts'
import type { OperatorContext } from '../context.ts'
import { acceptFiring } from './accept-firing.ts'
import type { EndedRun, EndFollower } from './run-ends.ts'

/** Longer outputs do not fit into a SwarmRun; what was cut off says where the whole is. */
const longestOutput = 256 * 1024

export const createTeamOutput = ({
  store,
  caches,
  clock,
  events: recorder,
}: Pick<OperatorContext, 'store' | 'caches' | 'clock' | 'events'>): EndFollower => {
  const fire = async (event: SwarmEvent, end: EndedRun): Promise<void> => {
    const { run, phase, reason, message, endedAt, state } = end
    const chain = (state.snapshot?.chain ?? 0) + 1
    if (chain > longestChain)
      return recorder.record({
        about: event,
        type: 'Warning',
        reason: 'ChainTooLong',
        message: `the end of run ${run.name} starts nothing: ${longestChain} runs have already started each other in a row; look for a circle of SwarmEvents of type team-output`,
      })
    await acceptFiring({
      store,
      clock,
      event,
      delivery: `run:${run.uid}`,
      trigger: {
        name: event.metadata.name,
        firedAt: endedAt,
        output: shortened((await end.output()) ?? '', run.name),
        run: { name: run.name, phase, reason, message },
      },
      chain,
    })
  }

  return async (end) => {
    const { team, phase, endedAt, run } = end
    if (team === undefined) return
    for (const event of caches.events.list(run.namespace)) {
      const { source, suspended } = event.spec
      if (source.type !== 'team-output' || source.teamOutput?.name !== team) continue
      if ((source.teamOutput.onPhase ?? 'Succeeded') !== phase || suspended === true) continue
      // A new event never fires for the past.
      if (Date.parse(event.metadata.creationTimestamp ?? '') > Date.parse(endedAt)) continue
      await fire(event, end)
    }
  }
}

const shortened = (output: string, run: string): string => {
  const bytes = Buffer.from(output, 'utf8')
  if (bytes.length <= longestOutput) return output
  const head = bytes
    .subarray(0, longestOutput)
    .toString('utf8')
    .replace(/\uFFFD+$/u, '')
  return `${head}\n[cut: ${longestOutput} of ${bytes.length} bytes; the whole output is that of run ${run}]`
}
