// The servers under measurement: each a URL to speak to and the processes whose processor time it costs.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface MeasuredServer {
  readonly name: string
  readonly url: string
  readonly ca: string
  readonly token: string
  /** Milliseconds of processor time used so far. */
  readonly processorTime: () => number
  readonly close: () => Promise<void>
}

export async function startMeasuredLocalKube(): Promise<MeasuredServer> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-local-kube-'))
  const child = spawn(process.execPath, [fileURLToPath(new URL('./serve.ts', import.meta.url)), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value, done } = await lines.next()
  if (done === true || child.pid === undefined) throw new Error('local-kube ended before it said where it is')
  const { pid } = child
  return {
    name: 'local-kube',
    ...(JSON.parse(value) as { readonly url: string; readonly ca: string; readonly token: string }),
    processorTime: () => processorTimeOf([pid]),
    close: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** From /proc, so that it works for servers in any language; in ticks of 10 ms. */
export function processorTimeOf(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * 10
}
