// Starts the real `swarm` command as its users do, in a process of its own.

import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const entry = fileURLToPath(new URL('../../../bin/swarm.js', import.meta.url))

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** An endpoint that answers nobody: keeps tests from a model that happens to run on this machine. */
const noModel = 'http://127.0.0.1:9/v1'

/** An environment without this machine's models, clusters and colours. */
export const cleanEnvironment = (extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
  const { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE } = process.env
  return { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE, NO_COLOR: '1', OPENAI_BASE_URL: noModel, ...extra }
}

export const swarm = async (
  args: readonly string[],
  {
    environment = {},
    input,
    timeoutMs = 120_000,
  }: {
    readonly environment?: Readonly<Record<string, string>>
    readonly input?: string
    readonly timeoutMs?: number
  } = {},
): Promise<Finished> => {
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: checkout,
    env: cleanEnvironment(environment),
    stdio: 'pipe',
    timeout: timeoutMs,
  })
  child.stdin.end(input ?? '')
  return finished(child)
}

export const finished = (child: ChildProcess): Promise<Finished> =>
  new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })

export interface DevProcess {
  readonly pid: number
  readonly kubeconfig: string
  readonly apiUrl: string
  readonly hubUrl: string
  readonly webhookBaseUrl: string
  readonly stateDirectory: string
  readonly model: { readonly type: string }
  /** What it has said on standard error. */
  complaints(): string
  /** Ctrl-C, then the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** `swarm dev -o json`: resolves when its block is printed. */
export const startDevProcess = async ({
  args = ['--ephemeral'],
  environment = {},
}: {
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
} = {}): Promise<DevProcess> => {
  const child = spawn(process.execPath, [entry, 'dev', '-o', 'json', ...args], {
    cwd: checkout,
    env: cleanEnvironment(environment),
    stdio: 'pipe',
  })
  const end = new Promise<number | null>((resolve) => child.once('close', resolve))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const block = await new Promise<string>((resolve, reject) => {
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')))
    })
    child.once('close', (exitCode) =>
      reject(new Error(`swarm dev ended with ${exitCode} before it was ready:\n${stderr}`)),
    )
  })
  return {
    ...(JSON.parse(block) as Omit<DevProcess, 'pid' | 'stop' | 'complaints'>),
    pid: child.pid ?? 0,
    complaints: () => stderr,
    async stop(signal = 'SIGINT') {
      child.kill(signal)
      return end
    },
  }
}
