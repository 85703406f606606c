// Starts processes that cannot outlive this one. Each runs in a process group of its own, behind a tiny `sh` that holds
// the reading end of a pipe whose other end is ours: when we die, however we die, it reads end-of-file and kills the
// group. When the process itself ends, closing the pipe sweeps up what it left behind in its group.
// It is no sandbox: a program that makes a session of its own escapes the group.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { constants, accessSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'

export interface ProcessExit {
  readonly exitCode: number
  readonly signal?: number
}

export interface LocalProcess {
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when the process ended and its output is read to the end. */
  readonly exited: Promise<ProcessExit>
  /** To the leader only, as a container runtime does. */
  terminate(): void
  /** The whole group, at once. */
  kill(): void
}

export type StartResult =
  | { readonly type: 'started'; readonly process: LocalProcess }
  | { readonly type: 'failed'; readonly message: string }

// Forked twice so that the watcher is nobody's child: a program that waits for its children must not find a stranger.
const guard = `( ( trap '' TERM INT HUP QUIT; read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 </dev/null & ) ; exec 3<&- ; exec "$@"`

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

export interface ProcessHost {
  start(options: {
    readonly command: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly cwd: string
  }): StartResult
}

/** Kills what an earlier host left in this directory, then remembers its own children there. */
export function createProcessHost({ directory }: { readonly directory: string }): ProcessHost {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  killLeftovers(directory)

  return {
    start({ command, env, cwd }) {
      const program = findProgram({ name: command[0] ?? '', path: env['PATH'] ?? '', cwd })
      if (program === undefined) {
        return { type: 'failed', message: `exec: "${command[0] ?? ''}": executable file not found in $PATH` }
      }
      let child: ChildProcess
      try {
        child = spawn('/bin/sh', ['-c', guard, 'sh', program, ...command.slice(1)], {
          cwd,
          env,
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        })
      } catch (error) {
        return { type: 'failed', message: String(error) }
      }
      const { pid, stdout, stderr } = child
      if (pid === undefined || stdout === null || stderr === null) {
        child.on('error', () => undefined)
        return { type: 'failed', message: `cannot start ${program} in ${cwd}` }
      }
      const record = join(directory, String(pid))
      writeFileSync(record, startTimeOf(pid) ?? '')
      const lifeline = child.stdio[3]
      lifeline?.on('error', () => undefined)
      const { promise: exited, resolve: setExited } = Promise.withResolvers<ProcessExit>()
      child.once('error', () => setExited({ exitCode: 128 }))
      child.once('exit', () => {
        // The leader is gone; this ends whatever it left in its group, which would otherwise hold its output open.
        lifeline?.destroy()
        killGroup(pid)
        rmSync(record, { force: true })
      })
      child.once('close', (code, name) => {
        const signal = name === null ? undefined : (signalNumbers[name] ?? 9)
        setExited(signal === undefined ? { exitCode: code ?? 128 } : { exitCode: 128 + signal, signal })
      })
      return {
        type: 'started',
        process: {
          pid,
          stdout,
          stderr,
          exited,
          terminate: () => {
            child.kill('SIGTERM')
          },
          kill: () => {
            if (child.exitCode === null && child.signalCode === null) killGroup(pid)
          },
        },
      }
    },
  }
}

function findProgram({ name, path, cwd }: { name: string; path: string; cwd: string }): string | undefined {
  if (name === '') return undefined
  const candidates = name.includes('/')
    ? [isAbsolute(name) ? name : resolve(cwd, name)]
    : path.split(delimiter).map((directory) => join(directory, name))
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Already gone, which is what is wanted.
  }
}

/** The start time tells a leftover from a stranger that got the same number since. */
function killLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(name)
    const file = join(directory, name)
    const startedAt = readFileSync(file, 'utf8')
    if (Number.isInteger(pid) && pid > 1 && startedAt !== '' && startTimeOf(pid) === startedAt) killGroup(pid)
    rmSync(file, { force: true })
  }
}

function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
      )
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted after the command name, which may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
