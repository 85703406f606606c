// The Kubernetes API as one operator reaches it: calls that fail before or after their effect, watches that lag, end,
// or have been forgotten by the server.

import { KubernetesApiError, type Resources } from '../../src/ports/resources.ts'
import type { KubernetesObject } from '../../src/api/resource.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

const longestLagMs = 5000

export const linkedResources = ({
  world,
  process,
}: {
  readonly world: World
  readonly process: SimulatedProcess
}): Resources => {
  const { faults, random, scheduler, resources } = world

  const call = <T>(perform: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (!process.alive || world.mayDie(process)) return
      const answer = (deliver: () => void): void => {
        scheduler.after(random.between(0.5, 8), () => void (world.mayDie(process) || deliver()), process)
      }
      scheduler.after(random.between(0.5, 8), () => {
        if (faults.strikes('apiRefuses'))
          return answer(() => reject(refusal(random.pick([0, 409, 429, 500]))))
        const unheard = faults.strikes('apiAnswerLost')
        perform().then(
          (value) => answer(() => (unheard ? reject(refusal(0)) : resolve(value))),
          (error: unknown) => answer(() => reject(error as Error)),
        )
      })
    })

  return {
    get: (type, name) => call(() => resources.get(type, name)),
    list: (type, options) => call(() => resources.list(type, options)),
    async *watch<T extends KubernetesObject>(
      type: Parameters<Resources['watch']>[0],
      options: Parameters<Resources['watch']>[1],
    ) {
      if (faults.strikes('watchEnds')) throw refusal(410)
      const gone = new AbortController()
      const leave = (): void => gone.abort()
      process.onDeath(leave)
      options.signal.addEventListener('abort', leave)
      for await (const event of resources.watch<T>(type, { ...options, signal: gone.signal })) {
        const ms = faults.strikes('watchLags') ? random.between(10, longestLagMs) : random.between(0.5, 20)
        await new Promise<void>((seen) => scheduler.after(ms, seen, process))
        yield event
        if (faults.strikes('watchEnds')) return
      }
    },
    create: (type, object) => call(() => resources.create(type, object)),
    apply: (type, object) => call(() => resources.apply(type, object)),
    patch: (type, name, patch) => call(() => resources.patch(type, name, patch)),
    patchStatus: (type, name, status, options) =>
      call(async () => {
        const after = await resources.patchStatus<KubernetesObject & { readonly status?: Told }>(
          type,
          name,
          status,
          options,
        )
        if (type.plural === 'swarmruns') world.told(name.name, after.status?.phase)
        return after as never
      }),
    delete: (type, name, preconditions) => call(() => resources.delete(type, name, preconditions)),
    review: (path, body) => call(() => resources.review(path, body)),
  }
}

interface Told {
  readonly phase?: string
}

const refusal = (status: number): KubernetesApiError =>
  new KubernetesApiError({
    status,
    reason: status === 0 ? 'Unreachable' : 'Simulated',
    message: `status ${status}`,
    ...(status === 429 ? { retryAfterMs: 1000 } : {}),
  })
