// Boundaries at which a process can be made to die, by name: the proof that nothing is lost there. A plan is a file that
// whoever tests writes; the first process that reaches the place it names takes the file away and kills itself, so that
// each plan strikes once. Without KUBESWARM_CRASH_PLAN there are no boundaries, and nothing is wrapped.

import { readFileSync, renameSync } from 'node:fs'

export type CrashPart = 'operator' | 'hub' | 'agent'

export interface CrashPlan {
  readonly part: CrashPart
  /** `<verb>.before` or `<verb>.after`; each wrapper beside this file says its verbs. */
  readonly point: string
  /** Strikes only on work for this step. */
  readonly step?: string
  /** Strikes when the place is reached for the nth time since the plan was written; 1 by default. */
  readonly nth?: number
}

/** Tells that a boundary was reached; does not return where the process dies. */
export type Boundary = (point: string, step?: string) => void

export const boundaryOf = ({
  path,
  part,
}: {
  readonly path: string | undefined
  readonly part: CrashPart
}): Boundary | undefined => {
  if (path === undefined || path === '') return undefined
  const reached = new Map<string, number>()
  return (point, step) => {
    const text = readPlan(path)
    if (text === undefined) return
    const plan = JSON.parse(text) as CrashPlan
    if (plan.part !== part || plan.point !== point) return
    if (plan.step !== undefined && step?.endsWith(plan.step) !== true) return
    const times = (reached.get(text) ?? 0) + 1
    reached.set(text, times)
    if (times < (plan.nth ?? 1) || !isTaken(path)) return
    process.kill(process.pid, 'SIGKILL')
    // The signal may take a moment to arrive; nothing may happen in it.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  }
}

/** Does the work between its two boundaries. */
export const between = async <T>({
  boundary,
  verb,
  step,
  work,
}: {
  readonly boundary: Boundary
  readonly verb: string
  readonly step?: string | undefined
  readonly work: () => Promise<T>
}): Promise<T> => {
  boundary(`${verb}.before`, step)
  const result = await work()
  boundary(`${verb}.after`, step)
  return result
}

const readPlan = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Only one of several processes gets it. */
const isTaken = (path: string): boolean => {
  try {
    renameSync(path, `${path}.struck`)
    return true
  } catch {
    return false
  }
}
