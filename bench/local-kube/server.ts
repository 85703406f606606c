// The servers under measurement: each a URL to speak to and the processes whose processor time it costs.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ControlPlaneBinaries } from '../../test/cluster/control-plane-binaries.ts'
import { startControlPlane } from '../../test/cluster/start-control-plane.ts'

export interface MeasuredServer {
  readonly name: string
  readonly url: string
  readonly ca: string
  readonly token: string
  /** Milliseconds of processor time used so far. */
  readonly processorTime: () => number
  readonly close: () => Promise<void>
}

/** On a directory of its own that goes with it, or on one that is kept. */
export async function startMeasuredLocalKube(kept?: string): Promise<MeasuredServer> {
  const directory = kept ?? mkdtempSync(join(tmpdir(), 'bench-local-kube-'))
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
      if (kept === undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The same as the conformance suite runs against; its etcd writes without fsync, which local-kube does not. */
export async function startMeasuredControlPlane({
  kubeApiserver,
  etcd,
}: ControlPlaneBinaries): Promise<MeasuredServer> {
  const before = new Set(ownChildren())
  const plane = await startControlPlane({
    kubeApiserver,
    etcd,
    // Controllers would only add work of their own.
    kubeControllerManager: undefined,
    kubectl: undefined,
  })
  const pids = ownChildren().filter((pid) => !before.has(pid))
  return {
    name: 'kube-apiserver',
    url: plane.url,
    ca: plane.caCertificate,
    token: plane.token,
    processorTime: () => processorTimeOf(pids),
    close: plane.close,
  }
}

function ownChildren(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return fieldsOf(Number(pid))[1] === String(process.pid)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** What /proc says of a process, from the third field on: the second may hold anything. */
function fieldsOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** From /proc, so that it works for servers in any language; in ticks of 10 ms. */
export function processorTimeOf(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const fields = fieldsOf(pid)
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * 10
}
