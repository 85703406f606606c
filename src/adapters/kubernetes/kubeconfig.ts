// Reads a kubeconfig into what a connection needs. Plain credentials (token, CA, client certificate, basic) are read
// here; what needs a program or a provider to log in is only recognised, and left to `plugin-credentials.ts`.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { KubeswarmError } from '../../domain/error.ts'

export interface ClusterAccess {
  /** Base URL without a trailing slash. */
  readonly server: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
  /** The Authorization header, asked anew for each request because tokens rotate. */
  readonly authorization?: () => string
}

type ParsedKubeconfig =
  | { readonly type: 'plain'; readonly access: ClusterAccess }
  | { readonly type: 'needs-plugin'; readonly why: string }

interface NamedEntry {
  readonly name?: unknown
  readonly [section: string]: unknown
}

const fail = (what: string): KubeswarmError =>
  new KubeswarmError({
    code: 'InvalidInput',
    message: `cannot read kubeconfig: ${what}`,
    remedy: 'check the file with "kubectl config view"',
  })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readYaml = (source: string): unknown => {
  try {
    return parse(source, { prettyErrors: false })
  } catch (cause) {
    throw fail(`it is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const named = (config: Readonly<Record<string, unknown>>, list: string, section: string, name: string) => {
  const entries = config[list]
  const entry = Array.isArray(entries)
    ? entries.find((candidate: NamedEntry) => isRecord(candidate) && candidate.name === name)
    : undefined
  const found: unknown = isRecord(entry) ? entry[section] : undefined
  if (!isRecord(found)) {
    const names = (Array.isArray(entries) ? entries : []).flatMap((each: unknown) =>
      isRecord(each) && typeof each['name'] === 'string' ? [each['name']] : [],
    )
    throw fail(`it has no ${section} "${name}" (${list}: ${names.join(', ') || 'none'})`)
  }
  return found
}

export const parseKubeconfig = ({
  source,
  context,
  directory = '.',
}: {
  readonly source: string
  readonly context?: string
  /** Where relative file names in the kubeconfig start. */
  readonly directory?: string
}): ParsedKubeconfig => {
  const config = readYaml(source)
  if (!isRecord(config)) throw fail('it is not a YAML mapping')
  const contextName = context ?? text(config['current-context'])
  if (contextName === undefined) throw fail('current-context is not set')
  const selected = named(config, 'contexts', 'context', contextName)
  const cluster = named(config, 'clusters', 'cluster', text(selected['cluster']) ?? '')
  const user = text(selected['user']) ? named(config, 'users', 'user', String(selected['user'])) : {}

  if (user['exec'] !== undefined) return { type: 'needs-plugin', why: 'its user logs in by an exec plugin' }
  if (user['auth-provider'] !== undefined)
    return { type: 'needs-plugin', why: 'its user has an auth provider' }
  if (cluster['proxy-url'] !== undefined)
    return { type: 'needs-plugin', why: 'its cluster is behind a proxy' }
  if (user['as'] !== undefined) return { type: 'needs-plugin', why: 'its user impersonates another' }

  const server = text(cluster['server'])
  if (server === undefined) throw fail(`cluster of context "${contextName}" has no server`)
  const material = (owner: Readonly<Record<string, unknown>>, key: string): string | undefined => {
    const inline = text(owner[`${key}-data`])
    if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8')
    const file = text(owner[key])
    return file === undefined ? undefined : readFileSync(resolve(directory, file), 'utf8')
  }
  const ca = material(cluster, 'certificate-authority')
  const cert = material(user, 'client-certificate')
  const key = material(user, 'client-key')
  const servername = text(cluster['tls-server-name'])
  const authorization = authorizationOf({ user, directory })
  return {
    type: 'plain',
    access: {
      server: server.replace(/\/+$/, ''),
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(servername === undefined ? {} : { servername }),
        ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
      },
      ...(authorization === undefined ? {} : { authorization }),
    },
  }
}

const authorizationOf = ({
  user,
  directory,
}: {
  readonly user: Readonly<Record<string, unknown>>
  readonly directory: string
}): (() => string) | undefined => {
  const file = text(user['tokenFile'])
  if (file !== undefined) return bearerFromFile(resolve(directory, file))
  const token = text(user['token'])
  if (token !== undefined) return () => `Bearer ${token}`
  const name = text(user['username'])
  if (name === undefined) return undefined
  const basic = Buffer.from(`${name}:${text(user['password']) ?? ''}`).toString('base64')
  return () => `Basic ${basic}`
}

const tokenFreshMs = 30_000

/** A token that another process rotates in place: read again at most every half minute. */
export const bearerFromFile = (path: string): (() => string) => {
  let read: { readonly at: number; readonly header: string } | undefined
  return () => {
    const now = performance.now()
    if (read === undefined || now - read.at > tokenFreshMs)
      read = { at: now, header: `Bearer ${readFileSync(path, 'utf8').trim()}` }
    return read.header
  }
}
