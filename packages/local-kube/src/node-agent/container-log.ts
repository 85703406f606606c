// What one container wrote, on disk: a line per line, with its time and stream, rotated by size, readable while written.
// One writer; readers open the files themselves and then follow what is appended.

import { createReadStream, mkdirSync, renameSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import { readLines } from '../client/read-lines.ts'

export interface LogLine {
  /** Strictly growing within a log, so it also tells lines apart. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface ContainerLog {
  readonly file: string
  /** Reads both streams of a process to their ends. */
  drain(streams: { readonly stdout: Readable; readonly stderr: Readable }): Promise<void>
  append(line: Omit<LogLine, 'time'>): void
  /** Resolves when all lines appended so far can be read from the file. */
  flushed(): Promise<void>
  /** Called for each line appended from now on; `undefined` is the end. Returns the way to stop. */
  follow(listener: (line: LogLine | undefined) => void): () => void
  close(): Promise<void>
}

const largestFile = 10 * 1024 * 1024
const longestLine = 256 * 1024
/** Lines come in bursts, and each write of the file costs about the same. */
const gatherMilliseconds = 20

export const rotatedFile = (file: string): string => `${file}.1`

export function openContainerLog({ file }: { readonly file: string }): ContainerLog {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const listeners = new Set<(line: LogLine | undefined) => void>()
  let handle: FileHandle | undefined
  let size = 0
  let pending: string[] = []
  let writing: Promise<void> | undefined
  let closed = false
  let lastMillisecond = 0
  let within = 0

  const nextTime = (): string => {
    const millisecond = Math.max(Date.now(), lastMillisecond)
    within = millisecond === lastMillisecond ? within + 1 : 0
    lastMillisecond = millisecond
    return new Date(millisecond).toISOString().replace('Z', `${String(within).padStart(6, '0')}Z`)
  }

  const write = async (): Promise<void> => {
    while (pending.length > 0) {
      const text = pending.join('')
      pending = []
      if (handle === undefined) {
        handle = await open(file, 'a', 0o600)
        size = (await handle.stat()).size
      }
      await handle.appendFile(text)
      size += Buffer.byteLength(text)
      if (size < largestFile) continue
      await handle.close()
      handle = undefined
      renameSync(file, rotatedFile(file))
    }
  }

  const append = (line: Omit<LogLine, 'time'>): void => {
    if (closed) return
    const complete = { ...line, time: nextTime() }
    pending.push(`${complete.time} ${line.stream} ${line.text}\n`)
    for (const listener of listeners) listener(complete)
    // A full disk must not take the node down; the lines are lost, the process goes on.
    writing ??= sleep(gatherMilliseconds)
      .then(write)
      .catch(() => {
        pending = []
      })
      .finally(() => {
        writing = undefined
      })
  }

  const drainOne = async (stream: 'stdout' | 'stderr', source: Readable): Promise<void> => {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    try {
      for await (const chunk of source) {
        const lines = (rest + decoder.write(chunk as Buffer)).split('\n')
        rest = lines.pop() ?? ''
        for (const text of lines) append({ stream, text })
        if (rest.length > longestLine) {
          append({ stream, text: rest })
          rest = ''
        }
        // Slow disk, fast writer: let the file catch up instead of growing the queue.
        if (pending.length > 1_000) await writing
      }
    } catch {
      // A stream cut off by a kill ends where it ends.
    }
    rest += decoder.end()
    if (rest !== '') append({ stream, text: rest })
  }

  const flushed = async (): Promise<void> => {
    while (writing !== undefined) await writing
  }

  return {
    file,
    append,
    flushed,
    async drain({ stdout, stderr }) {
      await Promise.all([drainOne('stdout', stdout), drainOne('stderr', stderr)])
    },
    follow(listener) {
      if (closed) listener(undefined)
      else listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      if (closed) return
      closed = true
      await flushed()
      await handle?.close()
      handle = undefined
      for (const listener of listeners) listener(undefined)
      listeners.clear()
    },
  }
}

export async function* readLogFile(file: string): AsyncGenerator<LogLine> {
  for (const part of [rotatedFile(file), file]) {
    try {
      for await (const line of readLines(createReadStream(part))) {
        const timeEnd = line.indexOf(' ')
        const streamEnd = line.indexOf(' ', timeEnd + 1)
        yield {
          time: line.slice(0, timeEnd),
          stream: line.slice(timeEnd + 1, streamEnd) === 'stderr' ? 'stderr' : 'stdout',
          text: line.slice(streamEnd + 1),
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

export function deleteLogFile(file: string): void {
  rmSync(file, { force: true })
  rmSync(rotatedFile(file), { force: true })
}
