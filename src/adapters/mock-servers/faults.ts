// Misbehaviour on demand, set through the control port. A fault names a tool (or every tool) and what goes wrong.

import { z } from 'zod'

const faultSchema = z.strictObject({
  /** Tool name; omit for every tool. */
  tool: z.string().optional(),
  /**
   * error: the tool answers with an error. hang: no answer ever. close: the connection is cut. latency: answers late.
   * redefine: calls go well, and the tool's description is another one, as after a rug pull.
   */
  mode: z.enum(['error', 'hang', 'close', 'latency', 'redefine']),
  /** Whether the tool's effect has happened by then. `error` always comes before it. */
  when: z.enum(['before', 'after']).default('before'),
  /** Milliseconds of latency. */
  ms: z.number().nonnegative().default(0),
  /** How many calls it hits; omit for all until reset. */
  times: z.int().positive().optional(),
  /** Text of an error, or the new description. */
  message: z.string().default('injected error'),
})

type AnyFault = z.infer<typeof faultSchema>
/** What a call can meet. */
export type Fault = AnyFault & { readonly mode: Exclude<AnyFault['mode'], 'redefine'> }

export interface Faults {
  /** Returns what is wrong with the fault, or undefined when it was set. */
  set(fault: unknown): string | undefined
  /** The fault this call meets, used up by it. */
  take(tool: string): Fault | undefined
  /** What the tool is described as instead, where a fault says so. */
  description(tool: string): string | undefined
  reset(): void
}

export const createFaults = (): Faults => {
  let active: { readonly fault: Fault; left: number }[] = []
  let redefined: readonly AnyFault[] = []
  return {
    set: (value) => {
      const result = faultSchema.safeParse(value)
      if (!result.success) return z.prettifyError(result.error)
      const { data: fault } = result
      if (isMetByCalls(fault)) active.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
      else redefined = [...redefined, fault]
      return undefined
    },
    take: (tool) => {
      const hit = active.find(
        ({ fault, left }) => left > 0 && (fault.tool === undefined || fault.tool === tool),
      )
      if (hit === undefined) return undefined
      hit.left -= 1
      active = active.filter(({ left }) => left > 0)
      return hit.fault
    },
    description: (name) => redefined.findLast(({ tool }) => tool === undefined || tool === name)?.message,
    reset: () => {
      active = []
      redefined = []
    },
  }
}

const isMetByCalls = (fault: AnyFault): fault is Fault => fault.mode !== 'redefine'
