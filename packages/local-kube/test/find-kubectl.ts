/** Every kubectl from 1.30 on: on the PATH, beside the real file of each (`kubectl.1.31`, …), and those given. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

export interface Kubectl {
  readonly path: string
  readonly version: string
}

export function findKubectls(given: readonly string[] = []): readonly Kubectl[] {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'kubectl'))
    .filter(existsSync)
  const candidates = [...given, ...onPath].flatMap((path) => {
    const directory = dirname(realpathSync(path))
    return [
      path,
      ...readdirSync(directory)
        .filter((file) => /^kubectl\.1\.\d+$/.test(file))
        .map((file) => join(directory, file)),
    ]
  })
  const found = new Map<string, Kubectl>()
  for (const path of candidates) {
    const version = versionOf(path)
    const minor = Number(/^v1\.(\d+)/.exec(version ?? '')?.[1])
    if (version !== undefined && minor >= 30 && !found.has(version)) found.set(version, { path, version })
  }
  return [...found.values()].toSorted((a, b) => (a.version < b.version ? -1 : 1))
}

function versionOf(path: string): string | undefined {
  try {
    const output = execFileSync(path, ['version', '--client', '-o', 'json'], {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return (JSON.parse(output) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion
  } catch {
    return undefined
  }
}
