/** Runs commands of the kubectl script with one kubectl on one server, each with a home of its own. */
import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from './kubectl-script.ts'

export interface CommandOutcome {
  /** Of a command that goes on until stopped: 0 when it printed what it was waited for. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface KubectlRunner {
  run(command: Command): Promise<CommandOutcome>
  close(): void
}

const TIMEOUT = 180_000

export function kubectlRunner({
  kubectl,
  kubeconfig,
}: {
  readonly kubectl: string
  /** Its text. */
  readonly kubeconfig: string
}): KubectlRunner {
  const home = mkdtempSync(join(tmpdir(), 'local-kube-kubectl-'))
  const file = join(home, 'kubeconfig')
  writeFileSync(file, kubeconfig)
  const environment = (edit?: string): NodeJS.ProcessEnv => ({
    HOME: home,
    KUBECONFIG: file,
    PATH: process.env['PATH'] ?? '',
    ...(edit === undefined ? {} : { KUBE_EDITOR: editor(edit) }),
  })
  const editor = (script: string): string => {
    const path = join(home, 'edit.sh')
    writeFileSync(path, `#!/bin/sh\nexec sed -i '${script}' "$1"\n`)
    chmodSync(path, 0o755)
    return path
  }

  const once = ({ args, input, edit }: Command): Promise<CommandOutcome> =>
    new Promise((resolve) => {
      const child = execFile(
        kubectl,
        args.split(' '),
        { env: environment(edit), timeout: TIMEOUT, maxBuffer: 64 << 20 },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(input === undefined ? undefined : JSON.stringify(input))
    })

  const watching = async (
    command: Command,
    { meanwhile, until }: NonNullable<Command['watches']>,
  ): Promise<CommandOutcome> => {
    const child = spawn(kubectl, command.args.split(' '), {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
    const timer = setTimeout(() => child.kill(), TIMEOUT)
    // In whole lines: a line may come in pieces, and what is stopped in the midst of one has printed half of it.
    const isSeen = (): boolean => until.test(stdout.slice(0, stdout.lastIndexOf('\n') + 1))
    const seen = new Promise<boolean>((resolve) => {
      let began = false
      const look = (chunk: Buffer): void => {
        stdout += chunk.toString()
        if (!began) {
          began = true
          void once({ args: meanwhile }).then(() => isSeen() && resolve(true))
        } else if (isSeen()) resolve(true)
      }
      child.stdout.on('data', look)
      void ended.then(() => resolve(isSeen()))
    })
    const matched = await seen
    child.kill('SIGINT')
    await ended
    clearTimeout(timer)
    return { code: matched ? 0 : 1, stdout, stderr }
  }

  return {
    run: (command) => (command.watches === undefined ? once(command) : watching(command, command.watches)),
    close: () => rmSync(home, { recursive: true, force: true }),
  }
}

/** What of a command's promise its outcome does not keep. */
export function broken(
  { out, fails }: Command,
  { code, stdout, stderr }: CommandOutcome,
): string | undefined {
  const output = stdout + stderr
  if (fails === undefined && code !== 0) return `exit code ${code}: ${output}`
  if (fails !== undefined && code === 0) return `it did not fail: ${output}`
  const wanted = fails ?? out
  return wanted === undefined || wanted.test(output) ? undefined : `${wanted} is not in: ${output}`
}
