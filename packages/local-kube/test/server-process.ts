/** An API server in a process of its own, to be killed with SIGKILL and started again on the same directory. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Target } from './conformance-runner.ts'

export interface ServerProcess {
  readonly target: Target
  readonly pid: number
  /** From the start of the process to its first word, milliseconds. */
  readonly startedIn: number
  /** SIGKILL, and resolves when it is gone. */
  readonly kill: () => Promise<void>
}

export const startServerProcess = (directory: string): Promise<ServerProcess> =>
  startProcess(new URL('./serve.fixture.ts', import.meta.url), [directory])

/** With controllers and a node whose pods run `command`. */
export const startClusterProcess = (directory: string, command: readonly string[]): Promise<ServerProcess> =>
  startProcess(new URL('./whole-cluster.fixture.ts', import.meta.url), [directory, ...command])

async function startProcess(program: URL, args: readonly string[]): Promise<ServerProcess> {
  const began = performance.now()
  const child = spawn(process.execPath, [fileURLToPath(program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = (): Promise<void> => {
    child.kill('SIGKILL')
    return gone
  }
  for await (const line of createInterface({ input: child.stdout })) {
    if (child.pid === undefined) break
    const startedIn = performance.now() - began
    return { target: JSON.parse(line) as Target, pid: child.pid, startedIn, kill }
  }
  await kill()
  throw new Error('the server ended before it said where it is')
}
