// What the processes of containers use, read from /proc: each container is a process group of its own. The figures are
// those of a kubelet's /stats/summary; on a machine without /proc there are none.

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

export interface Usage {
  /** Of all processes there are now and of those they waited for. */
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
}

/** Usage by process group, of the groups asked for that have a process. */
export function usageOfGroups(groups: ReadonlySet<number>): ReadonlyMap<number, Usage> {
  const usage = new Map<number, Usage>()
  if (process.platform !== 'linux' || groups.size === 0) return usage
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = fieldsOf(name)
    const group = Number(fields?.[2])
    if (fields === undefined || !groups.has(group)) continue
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0)
    const before = usage.get(group) ?? { cpuNanoseconds: 0, memoryBytes: 0 }
    usage.set(group, {
      cpuNanoseconds: before.cpuNanoseconds + (ticks * 1e9) / TICKS_PER_SECOND,
      memoryBytes: before.memoryBytes + Number(fields[21]) * pageSize(),
    })
  }
  return usage
}

/** What Linux tells user space, whatever the kernel counts in. */
const TICKS_PER_SECOND = 100

let knownPageSize: number | undefined
function pageSize(): number {
  knownPageSize ??= Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }))
  return knownPageSize
}

/** From the third field of a process's stat on; the second may hold anything. */
function fieldsOf(pid: string): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // It ended meanwhile.
    return undefined
  }
}
