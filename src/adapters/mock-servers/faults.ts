// Misbehaviour on demand, set through the control port. A fault names a tool (or every tool) and what goes wrong.

import { z } from 'zod'

const faultSchema = z.strictObject({
  /** Tool name; omit for every tool. */
  tool: z.string().optional(),
  /** error: the tool answers with an error. hang: no answer ever. close: the connection is cut. latency: answers late. */
  mode: z.enum(['error', 'hang', 'close', 'latency']),
  /** Whether the tool's effect has happened by then. `error` always comes before it. */
  when: z.enum(['before', 'after']).default('before'),
  /** Milliseconds of latency. */
  ms: z.number().nonnegative().default(0),
  /** How many calls it hits; omit for all until reset. */
  times: z.int().positive().optional(),
  /** Text of an error. */
  message: z.string().default('injected error'),
})

export type Fault = z.infer<typeof faultSchema>

export interface Faults {
  /** Returns what is wrong with the fault, or undefined when it was set. */
  set(fault: unknown): string | undefined
  /** The fault this call meets, used up by it. */
  take(tool: string): Fault | undefined
  reset(): void
}

export const createFaults = (): Faults => {
  let active: { readonly fault: Fault; left: number }[] = []
  return {
    set: (value) => {
      const result = faultSchema.safeParse(value)
      if (!result.success) return z.prettifyError(result.error)
      active.push({ fault: result.data, left: result.data.times ?? Number.POSITIVE_INFINITY })
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
    reset: () => {
      active = []
    },
  }
}
