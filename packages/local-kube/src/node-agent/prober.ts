// The probes of one run of one container: startup first, then readiness and liveness side by side. Until the first
// success it asks in quick small steps, so that a container is ready within milliseconds of listening; failures count
// only at the pace of periodSeconds, so that thresholds mean what they say.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Container, Probe } from '../client/kubernetes-types.ts'
import { probeOnce, type ProbeTarget } from './probe-action.ts'

export type ProbeKind = 'startup' | 'readiness' | 'liveness'

export interface ProbeListener {
  started(): void
  ready(isReady: boolean): void
  /** A failure that counts, for the events of the pod. */
  unhealthy(kind: ProbeKind, message: string): void
  /** The container must be restarted. */
  dead(kind: ProbeKind, probe: Probe): void
}

const firstStep = 25
const longestStep = 500

export function startProbing({
  container,
  target,
  listener,
}: {
  readonly container: Container
  readonly target: ProbeTarget
  readonly listener: ProbeListener
}): { stop(): void } {
  const stopping = new AbortController()
  const { signal } = stopping
  const { startupProbe, readinessProbe, livenessProbe } = container

  const run = async (): Promise<void> => {
    if (startupProbe !== undefined) {
      const outcome = await startup(startupProbe)
      if (outcome !== 'success') return
    }
    listener.started()
    if (readinessProbe === undefined) listener.ready(true)
    await Promise.all([
      readinessProbe &&
        keepProbing('readiness', readinessProbe, (success) => {
          listener.ready(success)
          return 'go-on'
        }),
      livenessProbe &&
        keepProbing('liveness', livenessProbe, (success) => {
          if (success) return 'go-on'
          listener.dead('liveness', livenessProbe)
          return 'stop'
        }),
    ])
  }

  const startup = async (probe: Probe): Promise<'success' | 'failure' | 'stopped'> => {
    let outcome: 'success' | 'failure' | 'stopped' = 'stopped'
    await keepProbing('startup', probe, (success) => {
      outcome = success ? 'success' : 'failure'
      if (!success) listener.dead('startup', probe)
      return 'stop'
    })
    return outcome
  }

  /** Calls `decide` whenever a threshold is reached in either direction. */
  const keepProbing = async (
    kind: ProbeKind,
    probe: Probe,
    decide: (success: boolean) => 'go-on' | 'stop',
  ): Promise<void> => {
    const period = Math.max(1, probe.periodSeconds ?? 10) * 1000
    const failureThreshold = probe.failureThreshold ?? 3
    const successThreshold = probe.successThreshold ?? 1
    let successes = 0
    let failures = 0
    let everSucceeded = false
    let step = firstStep
    await pause((probe.initialDelaySeconds ?? 0) * 1000)
    let countedAt = performance.now()
    while (!signal.aborted) {
      const result = await probeOnce({ probe, target })
      if (signal.aborted) return
      if (result.type === 'success') {
        everSucceeded = true
        failures = 0
        successes += 1
        if (successes === successThreshold && decide(true) === 'stop') return
      } else if (everSucceeded || performance.now() - countedAt >= period) {
        countedAt = performance.now()
        successes = 0
        failures += 1
        listener.unhealthy(kind, result.message)
        if (failures === failureThreshold && decide(false) === 'stop') return
      }
      await pause(everSucceeded ? period : Math.min(step, period))
      step = Math.min(step * 1.2, longestStep)
    }
  }

  const pause = async (milliseconds: number): Promise<void> => {
    if (milliseconds > 0) await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)
  }

  void run()
  return { stop: () => stopping.abort() }
}
