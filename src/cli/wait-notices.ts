// Tells a person who follows a run what it waits for, when nothing happens for a while: a run that nobody has taken
// up, a step that no replica of its agent has taken.

import type { SwarmAgent, SwarmRun } from '../api/v1alpha1/index.ts'
import type { JournalRecord } from '../domain/journal/record.ts'
import { agentType, runType } from './kinds.ts'
import type { Cluster } from './session/cluster.ts'

export interface WaitNotices {
  saw(record: JournalRecord): void
  close(): void
}

const patienceMs = 5000
const againMs = 15_000

export const waitNotices = ({
  cluster: { connection, namespace },
  run,
  print,
}: {
  readonly cluster: Cluster
  readonly run: string
  readonly print: (line: string) => void
}): WaitNotices => {
  const waits = new Map<string, NodeJS.Timeout>()
  const stop = (name: string): void => {
    clearTimeout(waits.get(name))
    waits.delete(name)
  }
  const wait = (name: string, reason: () => Promise<string>, told?: string, afterMs = patienceMs): void => {
    const timer = setTimeout(() => {
      void reason()
        .catch(() => told ?? '')
        .then((text) => {
          if (waits.get(name) !== timer) return
          if (text !== '' && text !== told) print(text)
          wait(name, reason, text, againMs)
        })
    }, afterMs)
    waits.set(name, timer)
  }

  wait('', async () => {
    const current = await connection.get<SwarmRun>(runType, { namespace, name: run })
    return waitingRun(current)
  })
  return {
    saw(record) {
      stop('')
      if (record.type === 'step.submitted')
        wait(record.step, async () => {
          const { agent, step } = record
          const found = await connection.get<SwarmAgent>(agentType, { namespace, name: agent })
          return waitingStep({ step, agent: `${namespace}/${agent}`, found })
        })
      else if ('step' in record) stop(record.step)
    },
    close() {
      for (const name of waits.keys()) stop(name)
    },
  }
}

const waitingRun = (run: SwarmRun | undefined): string => {
  const condition = run?.status?.conditions?.find(({ type }) => type === 'Succeeded')
  return condition === undefined
    ? '  waiting: no operator has taken the run up yet; is kubeswarm running in this cluster?'
    : `  waiting: ${condition.message} [${condition.reason}]`
}

export const waitingStep = ({
  step,
  agent,
  found,
}: {
  readonly step: string
  readonly agent: string
  readonly found: SwarmAgent | undefined
}): string => {
  const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready')
  const waiting = `  waiting: step "${step}" needs SwarmAgent ${agent}`
  if (found === undefined) return `${waiting}, which does not exist`
  if (found.spec.runtime?.replicas === 0)
    return `${waiting}, which has no replicas (spec.runtime.replicas is 0)`
  if (ready?.status === 'True') return `${waiting}, whose replicas are all busy`
  return ready === undefined
    ? `${waiting}, which the operator has not looked at yet`
    : `${waiting}, which is not ready: ${ready.message} [${ready.reason}]`
}
