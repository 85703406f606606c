// The hubs as one agent reaches them: a request goes to any that lives, may be lost on either way or arrive twice, and
// breaks when its hub dies. What the client says again, and for how long, is the client's own code.

import { untilAnswered } from '../../src/adapters/hub-client/until-answered.ts'
import { isKubeswarmError, KubeswarmError } from '../../src/domain/error.ts'
import type { AgentKey } from '../../src/domain/run/task.ts'
import type { TaskSource } from '../../src/ports/task-source.ts'
import type { SimulatedProcess } from './process.ts'
import type { SimulatedHub, World } from './world.ts'

const patienceMs = 60_000
const replyTimeoutMs = 15_000
const heartbeatTimeoutMs = 3000

export const linkedHub = ({
  world,
  process,
  agent,
}: {
  readonly world: World
  readonly process: SimulatedProcess
  readonly agent: AgentKey
}): TaskSource => {
  const { faults, random, scheduler } = world
  const { clock } = process

  const ask = <T>({
    perform,
    timeoutMs = replyTimeoutMs,
    twice = true,
    left,
  }: {
    readonly perform: (hub: SimulatedHub) => Promise<T>
    readonly timeoutMs?: number
    /** Whether it may arrive twice. */
    readonly twice?: boolean
    /** Called when the caller is gone and the hub may notice. */
    readonly left?: () => void
  }): Promise<T> =>
    new Promise((resolve, reject) => {
      if (!process.alive || world.mayDie(process)) return
      if (left !== undefined) process.onDeath(() => scheduler.after(random.between(1, 20), left))
      const answer = (deliver: () => void): void => {
        scheduler.after(random.between(0.2, 3), () => void (world.mayDie(process) || deliver()), process)
      }
      const broken = (): void => answer(() => reject(unavailable('the connection broke')))
      clock.after(timeoutMs, () => reject(unavailable('no answer in time')))
      const hub = world.anyHub()
      if (hub === undefined) return broken()
      if (faults.strikes('requestLost')) return random.chance(0.5) ? broken() : undefined
      const forget = hub.process.onDeath(broken)
      const deliver = (heard: boolean): void => {
        scheduler.after(
          random.between(0.2, 3),
          () => {
            perform(hub).then(
              (value) => {
                forget()
                if (heard) answer(() => resolve(value))
              },
              (error: unknown) => {
                forget()
                if (heard) answer(() => reject(asClientSees(error)))
              },
            )
          },
          hub.process,
        )
      }
      if (!hub.process.alive) return broken()
      if (twice && faults.strikes('requestTwice'))
        scheduler.after(random.between(0, 3000), () => deliver(false))
      deliver(!faults.strikes('replyLost'))
    })

  const askUntilAnswered = <T>(perform: (hub: SimulatedHub) => Promise<T>): Promise<T> =>
    untilAnswered({ ask: () => ask({ perform }), patienceMs, clock, random: random.next })

  return {
    lease: ({ holder, waitMs, signal }) => {
      const gone = new AbortController()
      const leave = (): void => gone.abort()
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          scheduler.after(random.between(1, 20), leave)
          reject(unavailable('the request was aborted'))
        })
        ask({
          perform: ({ tasks }) => tasks.lease({ agent, holder, waitMs, signal: gone.signal }),
          timeoutMs: waitMs + replyTimeoutMs,
          twice: false,
          left: leave,
        }).then(resolve, reject)
      })
    },
    heartbeat: ({ waitMs = 0, ...proof }) =>
      ask({
        perform: ({ tasks }) => tasks.heartbeat({ agent, ...proof, waitMs }),
        timeoutMs: waitMs + heartbeatTimeoutMs,
      }),
    record: (request) => askUntilAnswered(({ tasks }) => tasks.record({ agent, ...request } as never)),
    reserve: (request) => askUntilAnswered(({ tasks }) => tasks.reserve({ agent, ...request } as never)),
    finish: (request) => askUntilAnswered(({ tasks }) => tasks.finish({ agent, ...request } as never)),
    release: (proof) => askUntilAnswered(({ tasks }) => tasks.release({ agent, ...proof })),
    content: (sha256) => askUntilAnswered(({ store }) => store.journal.content(sha256, { agent })),
  }
}

const unavailable = (why: string): KubeswarmError =>
  new KubeswarmError({ code: 'HubUnavailable', message: `cannot reach the hub: ${why}`, retryable: true })

/** What the hub's refusals become on the other side of HTTP. */
const asClientSees = (error: unknown): Error => {
  if (!isKubeswarmError(error)) return unavailable('status 500')
  const { code, message } = error
  if (code === 'StoreUnavailable' || code === 'HubUnavailable') return unavailable(message)
  return new KubeswarmError({ code, message })
}
