// Where and with what figures were made: without it they mean nothing.

import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

export function machineLines(now: Date): readonly string[] {
  const processors = cpus()
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return [
    `- ${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `- ${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}, load ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')} at the start`,
    `- kubeswarm ${version}, Node ${process.version}`,
  ]
}
