// A PostgreSQL server of its own for one test file, from the binaries that are found on this machine: in a temporary
// directory, on a Unix socket only, without fsync. Where there are none, or they cannot be started, it says why.

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import type { Clock } from '../../ports/clock.ts'

export interface TestServer {
  /** A new, empty schema: nothing of another test is in it. */
  emptySchema(): Promise<string>
  /** At once, without waiting for anybody. */
  stop(): void
  start(): void
  remove(): void
}

/** `missing` says why there is none. */
interface FoundServer {
  readonly server?: TestServer
  readonly missing?: string
}

const directories = (): readonly string[] => [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/local/bin',
  ...(existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql')
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => `/usr/lib/postgresql/${version}/bin`)
    : []),
]

/** PostgreSQL refuses to run as root: then as the user `postgres`, or as `nobody`. */
const unprivileged = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (userInfo().uid !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout),
    )
    if (uid !== undefined && gid !== undefined && uid > 0) return { uid, gid }
  }
  return undefined
}

/** For one test file: prints why its tests are skipped where there is no server. */
export const serverForTests = (): { readonly missing: boolean; readonly server: TestServer } => {
  const { server, missing } = startTestServer()
  if (server !== undefined) return { missing: false, server }
  console.warn(`PostgreSQL is not tested: ${missing}`)
  const none = (): never => {
    throw new Error(`there is no PostgreSQL: ${missing}`)
  }
  return {
    missing: true,
    server: { emptySchema: none, stop: none, start: none, remove: () => undefined },
  }
}

const startTestServer = (): FoundServer => {
  const bin = directories().find((directory) =>
    ['initdb', 'pg_ctl', 'postgres'].every((program) => existsSync(join(directory, program))),
  )
  if (bin === undefined) return { missing: 'no initdb, pg_ctl and postgres on this machine' }
  const user = unprivileged()
  if (userInfo().uid === 0 && user === undefined)
    return { missing: 'this is root, and there is no other user to run PostgreSQL as' }

  const directory = mkdtempSync(join(tmpdir(), 'kubeswarm-pg-'))
  const data = join(directory, 'data')
  if (user !== undefined) chownSync(directory, user.uid, user.gid)
  chmodSync(directory, 0o700)
  const call = (program: string, args: readonly string[]): void => {
    execFileSync(join(bin, program), args, {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      ...user,
    })
  }
  const start = (): void => {
    // -h '' listens on no network at all; the socket's directory keeps others out.
    const options = `-k ${directory} -h '' -c fsync=off -c max_connections=200 -c shared_buffers=32MB`
    call('pg_ctl', ['start', '-w', '-D', data, '-l', join(directory, 'log'), '-o', options])
  }
  const stop = (): void => call('pg_ctl', ['stop', '-w', '-m', 'immediate', '-D', data])
  try {
    call('initdb', ['-D', data, '-U', 'swarm', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-locale'])
    start()
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    return { missing: `PostgreSQL of ${bin} does not start: ${String(error)}` }
  }

  const url = `postgres://swarm:s3cret@localhost/postgres?host=${encodeURIComponent(directory)}`
  let schemas = 0
  let admin: pg.Pool | undefined
  return {
    server: {
      emptySchema: async () => {
        admin ??= quietPool(url)
        const schema = `s${++schemas}`
        await admin.query(`CREATE SCHEMA ${schema}`)
        return `${url}&options=${encodeURIComponent(`-c search_path=${schema}`)}`
      },
      stop,
      start,
      remove: () => {
        try {
          stop()
        } finally {
          rmSync(directory, { recursive: true, force: true })
        }
      },
    },
  }
}

/** Says nothing when the server goes away under it, and keeps no process alive. */
export const quietPool = (connectionString: string): pg.Pool =>
  new pg.Pool({ connectionString, max: 1, allowExitOnIdle: true }).on('error', () => undefined)

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms)
    return () => clearTimeout(timer)
  },
}
