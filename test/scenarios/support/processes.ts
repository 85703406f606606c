// What runs on this machine for a directory, told by /proc: the witness that nothing is left behind. A process belongs
// to a directory when its command line, environment or working directory is in it. (Linux only.)

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

export const canSeeProcesses = existsSync('/proc/self/environ')

export interface SeenProcess {
  readonly pid: number
  readonly command: string
}

export const processesOf = (directory: string): readonly SeenProcess[] =>
  pids().flatMap((pid) => {
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
    // A zombie has no command line any more: it runs nothing and waits for its parent only.
    const belongs =
      command !== '' &&
      pid !== process.pid &&
      [command, read(`/proc/${pid}/environ`), workingDirectory(pid)].some((text) => text.includes(directory))
    return belongs ? [{ pid, command }] : []
  })

/** Children of a process, as it has them now. */
export const childrenOf = (pid: number): readonly SeenProcess[] =>
  pids().flatMap((child) => {
    const parent = /\) \S (\d+) /.exec(read(`/proc/${child}/stat`))?.[1]
    const command = read(`/proc/${child}/cmdline`).replaceAll('\0', ' ').trim()
    return Number(parent) === pid && command !== '' ? [{ pid: child, command }] : []
  })

/** Open file descriptors by what they are: `socket`, `pipe`, `anon_inode:[eventpoll]`, or the path of a file. */
export const openFiles = (pid: number): readonly string[] =>
  list(`/proc/${pid}/fd`)
    .map((fd) => link(`/proc/${pid}/fd/${fd}`).replace(/^(socket|pipe):.*/, '$1'))
    // What is closed while it is looked at is not open.
    .filter((file) => file !== '')

export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024

const pids = (): readonly number[] =>
  list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

// Processes end while they are looked at: what is gone has nothing to say.
const read = (path: string): string => quietly(() => readFileSync(path, 'utf8'))
const link = (path: string): string => quietly(() => readlinkSync(path))
const workingDirectory = (pid: number): string => link(`/proc/${pid}/cwd`)
const list = (path: string): readonly string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
const quietly = (read: () => string): string => {
  try {
    return read()
  } catch {
    return ''
  }
}
