// Real processes: what is started dies with its starter, with its leader, or on request, and nothing of a group stays.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createProcessHost } from './processes.ts'

let directory: string
const PATH = `${process.execPath.replace(/\/[^/]+$/, '')}:${process.env['PATH']}`

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'processes-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const isAlive = (pid: number): boolean => {
  try {
    // A zombie waits for its parent to look; it runs nothing any more.
    return !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function eventually(check: () => boolean): Promise<void> {
  const until = Date.now() + 10_000
  while (!check()) {
    if (Date.now() > until) throw new Error(`never became true: ${check.toString()}`)
    await sleep(20)
  }
}

const started = (command: readonly string[]) => {
  const host = createProcessHost({ directory: join(directory, 'records') })
  const result = host.start({ command, env: { PATH }, cwd: directory })
  if (result.type === 'failed') throw new Error(result.message)
  return result.process
}

describe('a local process', () => {
  it('gets its arguments and environment as given and nothing else', async () => {
    const child = started([
      'node',
      '-e',
      'console.log(JSON.stringify([process.argv.slice(1), process.env]))',
      'a b',
      '$HOME',
      '*',
    ])
    const output = (await child.stdout.toArray()).join('')
    expect(await child.exited).toEqual({ exitCode: 0 })
    const [args, env] = JSON.parse(output) as [string[], Record<string, string>]
    expect(args).toEqual(['a b', '$HOME', '*'])
    expect(
      Object.keys(env).filter((name) => !['PATH', 'PWD', 'OLDPWD', '_', 'SHLVL'].includes(name)),
    ).toEqual([])
  })

  it('reports exit codes and signals as a container runtime does', async () => {
    const failing = started(['sh', '-c', 'exit 3'])
    failing.stdout.resume()
    failing.stderr.resume()
    expect(await failing.exited).toEqual({ exitCode: 3 })
    const killed = started(['sleep', '60'])
    killed.stdout.resume()
    killed.stderr.resume()
    killed.kill()
    expect(await killed.exited).toEqual({ exitCode: 137, signal: 9 })
  })

  it('says when there is no such program', () => {
    const host = createProcessHost({ directory: join(directory, 'records') })
    expect(host.start({ command: ['no-such-program'], env: { PATH }, cwd: directory })).toEqual({
      type: 'failed',
      message: 'exec: "no-such-program": executable file not found in $PATH',
    })
  })

  it('takes its whole group with it when it ends', async () => {
    const file = join(directory, 'grandchild')
    const child = started(['sh', '-c', `sleep 60 & echo $! > ${file}; exit 0`])
    child.stdout.resume()
    child.stderr.resume()
    expect(await child.exited).toEqual({ exitCode: 0 })
    await eventually(() => !isAlive(Number(readFileSync(file, 'utf8'))))
  })

  it('sees no stranger among its children', async () => {
    const child = started(['sh', '-c', 'wait; echo done'])
    const output = (await child.stdout.toArray()).join('')
    expect(output).toBe('done\n')
  })

  it('leaves no process behind when its starter is killed with SIGKILL', async () => {
    const program = join(directory, 'starter.ts')
    writeFileSync(
      program,
      `import { createProcessHost } from ${JSON.stringify(join(import.meta.dirname, 'processes.ts'))}
       const host = createProcessHost({ directory: ${JSON.stringify(join(directory, 'records'))} })
       const started = host.start({
         command: ['sh', '-c', 'trap "" TERM HUP; sleep 300 & echo $$ $!; wait'], env: { PATH: process.env.PATH }, cwd: '/',
       })
       started.process.stdout.on('data', (text) => process.stdout.write(text))`,
    )
    const starter = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const first = await new Promise<string>((resolve) =>
      starter.stdout.once('data', (data) => resolve(String(data))),
    )
    const pids = first.trim().split(' ').map(Number)
    expect(pids.map(isAlive)).toEqual([true, true])
    starter.kill('SIGKILL')
    await eventually(() => !pids.some(isAlive))
  })

  it('is killed by the next host when it was left over, and a stranger with its number is not', async () => {
    const records = join(directory, 'records')
    const leftover = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
    const stranger = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
    createProcessHost({ directory: records })
    const startTime = readFileSync(`/proc/${leftover.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? ''
    writeFileSync(join(records, String(leftover.pid)), startTime)
    writeFileSync(join(records, String(stranger.pid)), '1')
    createProcessHost({ directory: records })
    await eventually(() => !isAlive(leftover.pid ?? 0))
    expect(isAlive(stranger.pid ?? 0)).toBe(true)
    stranger.kill('SIGKILL')
    expect(existsSync(records) && readdirSync(records)).toEqual([])
  })
})
