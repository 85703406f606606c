// The life of one container: wait for what it needs, start it, probe it, restart it by policy with growing delay, stop
// it. It knows its pod only through `ContainerContext`, and reports every change of state there.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  LifecycleHandler,
  Probe,
} from '../client/kubernetes-types.ts'
import { deleteLogFile, openContainerLog, type ContainerLog } from './container-log.ts'
import type { ProcessSpec, SpecResult } from './container-process-spec.ts'
import type { ImageResolution } from './image.ts'
import { httpGet, type ProbeResult, type ProbeTarget } from './probe-action.ts'
import { startProbing } from './prober.ts'
import type { LocalProcess, ProcessExit, ProcessHost } from './processes.ts'
import { nextRestartDelay, type RestartBackoff } from './restart-backoff.ts'

export interface ContainerContext {
  readonly container: Container
  readonly podName: string
  readonly restartPolicy: string
  readonly previous: ContainerStatus | undefined
  readonly ports: ReadonlyMap<number, number>
  readonly host: ProcessHost
  readonly backoff: RestartBackoff
  /** Current image mapping; asked again after each `changed`. */
  readonly image: () => ImageResolution
  readonly spec: (image: Extract<ImageResolution, { type: 'found' }>) => SpecResult
  /** Resolves when the pod or something it refers to changed. */
  readonly changed: () => Promise<void>
  readonly scratchDirectory: string
  readonly logFile: (restartCount: number) => string
  readonly onStatus: () => void
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

export interface ContainerRunner {
  readonly name: string
  status(): ContainerStatus
  /** Resolves when the container ended and will not be started again. */
  readonly finished: Promise<void>
  /** Resolves when the container counts as started (its startup probe passed) or will never be. */
  readonly started: Promise<void>
  stop(options: { readonly graceMilliseconds: number; readonly reason: string }): Promise<void>
  /** A shorter grace for a stop already under way. */
  hurry(graceMilliseconds: number): void
  log(previous: boolean): ContainerLog | { readonly file: string } | undefined
  /** Of the process that runs now. */
  processGroup(): number | undefined
}

const seconds = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z')

export function runContainer(context: ContainerContext): ContainerRunner {
  const { container, previous, event, onStatus } = context
  const stopping = new AbortController()
  const whenStopping = aborted(stopping.signal)
  const { promise: started, resolve: setStarted } = Promise.withResolvers<void>()
  let current:
    { process: LocalProcess; spec: ProcessSpec; cwd: string; killTimer?: NodeJS.Timeout } | undefined
  let log: ContainerLog | undefined
  let isReady = false
  let isStarted = false
  let imageId = previous?.imageID ?? ''
  let containerId: string | undefined
  let restartCount = 0
  let lastRun: number | undefined
  let state: ContainerState = { waiting: { reason: 'ContainerCreating' } }
  let lastState: ContainerState | undefined

  const set = (next: ContainerState): void => {
    state = next
    onStatus()
  }

  /** What ran before this node agent started is gone; say so and count it as a run. */
  const inherit = (): 'run' | 'finished' => {
    if (previous?.containerID === undefined) return 'run'
    const lost: ContainerState = {
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container was gone when the node agent started',
        containerID: previous.containerID,
      },
    }
    const ended = previous.state?.terminated === undefined ? lost : previous.state
    restartCount = previous.restartCount
    lastRun = restartCount
    const done =
      context.restartPolicy === 'Never' ||
      (context.restartPolicy === 'OnFailure' && ended.terminated?.exitCode === 0)
    if (done) {
      containerId = previous.containerID
      lastState = previous.lastState
      state = ended
      return 'finished'
    }
    lastState = ended
    restartCount += 1
    return 'run'
  }

  const obtain = async (): Promise<ProcessSpec | undefined> => {
    let reported = ''
    while (!stopping.signal.aborted) {
      const changed = context.changed()
      const image = context.image()
      const result = image.type === 'found' ? context.spec(image) : undefined
      if (image.type === 'found' && result?.type === 'ready') {
        imageId = image.imageId
        return result.spec
      }
      const problem =
        image.type === 'refused'
          ? { reason: image.reason, message: image.message }
          : {
              reason: 'CreateContainerConfigError',
              message: result?.type === 'missing' ? result.message : '',
            }
      if (reported !== problem.message) {
        reported = problem.message
        event('Warning', image.type === 'refused' ? problem.reason : 'Failed', `Error: ${problem.message}`)
        set({ waiting: problem })
      }
      await Promise.race([changed, whenStopping])
    }
    return undefined
  }

  const target = (): ProbeTarget => ({ container, ports: context.ports, execute })

  const execute = async (command: readonly string[], timeoutMilliseconds: number): Promise<ProbeResult> => {
    if (current === undefined) return { type: 'failure', message: 'the container is not running' }
    const result = context.host.start({ command, env: current.spec.env, cwd: current.cwd })
    if (result.type === 'failed') return { type: 'failure', message: result.message }
    let output = ''
    const collect = (chunk: Buffer): void => {
      if (output.length < 1024) output += chunk.toString('utf8')
    }
    result.process.stdout.on('data', collect)
    result.process.stderr.on('data', collect)
    const timer = setTimeout(() => result.process.kill(), timeoutMilliseconds)
    const { exitCode, signal } = await result.process.exited
    clearTimeout(timer)
    if (exitCode === 0) return { type: 'success' }
    if (signal === 9) return { type: 'failure', message: `command timed out: ${output}` }
    return { type: 'failure', message: output.trim() || `command exited with ${exitCode}` }
  }

  const runOnce = async (spec: ProcessSpec): Promise<number> => {
    const begun = performance.now()
    const startedAt = seconds()
    containerId = `local-process://${randomBytes(32).toString('hex')}`
    await log?.close()
    deleteLogFile(context.logFile(restartCount - 2))
    lastRun = restartCount
    log = openContainerLog({ file: context.logFile(restartCount) })
    mkdirSync(context.scratchDirectory, { recursive: true, mode: 0o700 })
    const wanted = spec.workingDirectory
    const cwd = wanted !== undefined && isDirectory(wanted) ? wanted : context.scratchDirectory
    event(
      'Normal',
      'Pulled',
      `Container image "${container.image}" is a local command on this node: ${imageId}`,
    )
    event('Normal', 'Created', `Created container: ${container.name}`)
    const result = context.host.start({ command: spec.command, env: spec.env, cwd })
    if (result.type === 'failed') {
      event('Warning', 'Failed', `Error: ${result.message}`)
      set(ended({ exitCode: 128 }, startedAt, 'StartError', result.message))
      return performance.now() - begun
    }
    const { process } = result
    current = { process, spec, cwd }
    event('Normal', 'Started', `Started container ${container.name}`)
    const drained = log.drain(process)
    const postStart = container.lifecycle?.postStart
    if (postStart !== undefined) {
      void runHook(postStart, 'PostStart', 600_000).then((fine) => {
        if (!fine && current?.process === process) process.kill()
      })
    }
    state = { running: { startedAt } }
    const probing = startProbing({
      container,
      target: target(),
      listener: {
        started() {
          isStarted = true
          setStarted()
          onStatus()
        },
        ready(value) {
          if (isReady === value) return
          isReady = value
          onStatus()
        },
        unhealthy: (kind, message) =>
          event('Warning', 'Unhealthy', `${kind[0]?.toUpperCase()}${kind.slice(1)} probe failed: ${message}`),
        dead(kind, probe) {
          event('Normal', 'Killing', `Container ${container.name} failed ${kind} probe, will be restarted`)
          void end({ graceMilliseconds: graceOf(probe) })
        },
      },
    })
    onStatus()
    const exit = await process.exited
    probing.stop()
    clearTimeout(current.killTimer)
    current = undefined
    await drained
    await log.flushed()
    isReady = false
    isStarted = false
    set(ended(exit, startedAt, exit.exitCode === 0 ? 'Completed' : 'Error'))
    return performance.now() - begun
  }

  const ended = (exit: ProcessExit, startedAt: string, reason: string, message?: string): ContainerState => ({
    terminated: {
      exitCode: exit.exitCode,
      ...(exit.signal !== undefined && { signal: exit.signal }),
      reason,
      ...(message !== undefined && { message }),
      startedAt,
      finishedAt: seconds(),
      ...(containerId !== undefined && { containerID: containerId }),
    },
  })

  const graceOf = (probe: Probe): number => (probe.terminationGracePeriodSeconds ?? 30) * 1000

  /** preStop, SIGTERM, and SIGKILL when the grace is over; the hook spends from the same grace. */
  const end = async ({ graceMilliseconds }: { readonly graceMilliseconds: number }): Promise<void> => {
    const running = current
    if (running === undefined) return
    if (graceMilliseconds <= 0) {
      running.process.kill()
      return
    }
    clearTimeout(running.killTimer)
    running.killTimer = setTimeout(() => running.process.kill(), graceMilliseconds)
    const hook = container.lifecycle?.preStop
    if (hook !== undefined) {
      await Promise.race([runHook(hook, 'PreStop', graceMilliseconds), running.process.exited])
    }
    running.process.terminate()
    await running.process.exited
  }

  const runHook = async (
    hook: LifecycleHandler,
    name: 'PostStart' | 'PreStop',
    timeout: number,
  ): Promise<boolean> => {
    if (hook.sleep !== undefined) {
      await sleep(Math.min(hook.sleep.seconds * 1000, timeout))
      return true
    }
    const result =
      hook.exec !== undefined
        ? await execute(hook.exec.command ?? [], timeout)
        : hook.httpGet !== undefined
          ? await httpGet({ action: hook.httpGet, target: target(), timeout })
          : undefined
    if (result?.type !== 'failure') return true
    event('Warning', `Failed${name}Hook`, `${name}Hook failed: ${result.message}`)
    return false
  }

  const live = async (): Promise<void> => {
    if (inherit() === 'finished') return onStatus()
    onStatus()
    let delay: number | undefined
    while (!stopping.signal.aborted) {
      const spec = await obtain()
      if (spec === undefined || stopping.signal.aborted) return
      const ranFor = await runOnce(spec)
      const exitCode = state.terminated?.exitCode
      const again =
        context.restartPolicy === 'Always' || (context.restartPolicy === 'OnFailure' && exitCode !== 0)
      if (!again || stopping.signal.aborted) return
      delay = nextRestartDelay({ backoff: context.backoff, previous: delay, ranFor })
      const finished = state
      if (delay > 0) {
        const message = `back-off ${Math.round(delay / 1000)}s restarting failed container=${container.name} pod=${context.podName}`
        event(
          'Warning',
          'BackOff',
          `Back-off restarting failed container ${container.name} in pod ${context.podName}`,
        )
        lastState = finished
        set({ waiting: { reason: 'CrashLoopBackOff', message } })
        await sleep(delay, undefined, { signal: stopping.signal }).catch(() => undefined)
        if (stopping.signal.aborted) return
      }
      lastState = finished
      restartCount += 1
    }
  }

  const toTheEnd = async (): Promise<void> => {
    try {
      await live()
    } finally {
      setStarted()
      await log?.close()
    }
  }
  const finished = toTheEnd()

  return {
    name: container.name,
    finished,
    started,
    status: () => ({
      name: container.name,
      image: container.image,
      imageID: imageId,
      ...(containerId !== undefined && { containerID: containerId }),
      state,
      ...(lastState !== undefined && { lastState }),
      ready: isReady,
      started: isStarted,
      restartCount,
    }),
    async stop({ graceMilliseconds, reason }) {
      if (!stopping.signal.aborted) {
        stopping.abort()
        if (current !== undefined) event('Normal', 'Killing', reason)
      }
      await end({ graceMilliseconds })
      await finished
    },
    hurry(graceMilliseconds) {
      const running = current
      if (running === undefined) return
      clearTimeout(running.killTimer)
      running.killTimer = setTimeout(() => running.process.kill(), graceMilliseconds)
    },
    processGroup: () => current?.process.pid,
    log(wantPrevious) {
      if (lastRun === undefined) return undefined
      // While it waits to be restarted, the run that just ended is both the latest and the previous one.
      const run = wantPrevious && state.waiting === undefined ? lastRun - 1 : lastRun
      if (run === lastRun && log !== undefined) return log
      const file = context.logFile(run)
      return existsSync(file) ? { file } : undefined
    },
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
