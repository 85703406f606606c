// Runs `swarm …` and interrupts it at a moment: at once, when its output shows something, or when so many pods have
// been given a directory on its node.

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout, cleanEnvironment } from './swarm.ts'

export type Moment =
  | { readonly type: 'spawned' }
  | { readonly type: 'output'; readonly shows: RegExp }
  | { readonly type: 'pods'; readonly state: string; readonly count: number }

export interface Interrupted {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  /** False: it ended before the moment came. */
  readonly reached: boolean
}

export const interruptAt = async ({
  args,
  moment,
  temporary,
  signals = ['SIGINT'],
  environment = {},
}: {
  readonly args: readonly string[]
  readonly moment: Moment
  /** Where it puts what is temporary. */
  readonly temporary: string
  /** Sent in one go. */
  readonly signals?: readonly NodeJS.Signals[]
  readonly environment?: Readonly<Record<string, string>>
}): Promise<Interrupted> => {
  const child = spawn(process.execPath, [join(checkout, 'bin/swarm.js'), ...args], {
    cwd: checkout,
    env: cleanEnvironment({
      TMPDIR: temporary,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache'),
      ...environment,
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let reached = false
  const interrupt = () => {
    if (!reached) for (const signal of signals) child.kill(signal)
    reached = true
  }
  const look = (text: string) => {
    output += text
    if (moment.type === 'output' && moment.shows.test(output)) interrupt()
  }
  child.stdout.setEncoding('utf8').on('data', look)
  child.stderr.setEncoding('utf8').on('data', look)
  if (moment.type === 'spawned') child.once('spawn', interrupt)
  const watcher = moment.type === 'pods' ? onPods({ ...moment, onReached: interrupt }) : undefined
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  )
  watcher?.close()
  return { exitCode, signal, output, reached }
}

const onPods = ({
  state,
  count,
  onReached,
}: {
  readonly state: string
  readonly count: number
  readonly onReached: () => void
}) => {
  const pods = join(state, 'kube/node/pods')
  mkdirSync(pods, { recursive: true })
  return watch(pods, () => {
    if (readdirSync(pods).length >= count) onReached()
  })
}
