// Sends a container's log to a reader: what is on disk, then, if asked, what is appended, without a gap or a repeat.

import type { Writable } from 'node:stream'
import { readLogFile, type ContainerLog, type LogLine } from './container-log.ts'
import { formatLine, isWanted, type LogOptions } from './log-options.ts'

export async function streamLog({
  log,
  options,
  output,
  signal,
}: {
  readonly log: ContainerLog | { readonly file: string }
  readonly options: LogOptions
  readonly output: Writable
  readonly signal: AbortSignal
}): Promise<void> {
  let room = options.limitBytes ?? Number.POSITIVE_INFINITY
  const write = async (line: LogLine): Promise<void> => {
    if (!isWanted(line, options) || room <= 0 || signal.aborted) return
    const bytes = Buffer.from(formatLine(line, options))
    const part = bytes.subarray(0, Math.min(bytes.length, room))
    room -= part.length
    if (!output.write(part)) await writable(output, signal)
  }

  // Follow first, then flush and read: every line is in the file, or in `fresh`, or in both, which its time tells.
  const fresh: LogLine[] = []
  let ended = true
  let wake = Promise.withResolvers<void>()
  let stop = (): unknown => undefined
  if (options.follow && 'follow' in log) {
    ended = false
    stop = log.follow((line) => {
      if (line === undefined) ended = true
      else fresh.push(line)
      wake.resolve()
    })
  }
  signal.addEventListener('abort', () => wake.resolve(), { once: true })
  try {
    if ('flushed' in log) await log.flushed()
    let last = ''
    const tail: LogLine[] = []
    for await (const line of readLogFile(log.file)) {
      // Written since the reader came: it is no tail of what was there.
      const [first] = fresh
      if (first !== undefined && line.time >= first.time) break
      last = line.time
      if (options.tailLines === undefined) await write(line)
      else if (isWanted(line, options)) {
        tail.push(line)
        if (tail.length > options.tailLines) tail.shift()
      }
      if (signal.aborted || room <= 0) return
    }
    for (const line of tail) await write(line)
    while (!signal.aborted && room > 0) {
      for (let line = fresh.shift(); line !== undefined; line = fresh.shift()) {
        if (line.time > last) await write(line)
      }
      if (ended) return
      await wake.promise
      wake = Promise.withResolvers<void>()
    }
  } finally {
    stop()
  }
}

function writable(output: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      output.off('drain', finish).off('close', finish)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    output.on('drain', finish).on('close', finish)
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()
  })
}
