// kubectl as it is installed on this machine, if it is.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { finished, type Finished } from './swarm.ts'

/** Every kubectl ≥ 1.30 found in PATH or beside the one that is, newest last. */
export const findKubectls = (): readonly { readonly path: string; readonly version: string }[] => {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .filter((path) => existsSync(path))
  const folders = new Set(onPath.map((path) => dirname(realpathSync(path))))
  const siblings = [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^kubectl\.1\.\d+$/.test(name))
      .map((name) => join(folder, name)),
  )
  return [...new Set([...siblings, ...onPath])]
    .flatMap((path) => {
      const version = clientVersion(path)
      return version !== undefined && Number(version.split('.')[1]) >= 30 ? [{ path, version }] : []
    })
    .sort((left, right) => left.version.localeCompare(right.version, 'en', { numeric: true }))
}

const clientVersion = (path: string): string | undefined => {
  try {
    const answer = JSON.parse(
      execFileSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8', stdio: 'pipe' }),
    ) as { clientVersion?: { gitVersion?: string } }
    return answer.clientVersion?.gitVersion?.replace(/^v/, '')
  } catch {
    return undefined
  }
}

export interface Kubectl {
  (...args: readonly string[]): Promise<Finished>
}

export const kubectlWith =
  ({
    path,
    kubeconfig,
    cwd,
  }: {
    readonly path: string
    readonly kubeconfig: string
    readonly cwd: string
  }): Kubectl =>
  async (...args) =>
    finished(
      spawn(path, args, {
        cwd,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: kubeconfig },
        stdio: 'pipe',
      }),
    )
