// Where an API server is and how one proves who one is, read from a kubeconfig or given directly.
// Supported: bearer tokens and client certificates, inline or as files. Not supported: exec plugins.

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface Connection {
  readonly url: string
  /** PEM; absent: the machine's own roots. */
  readonly ca?: string
  readonly token?: string
  readonly clientCertificate?: { readonly certificate: string; readonly key: string }
  readonly insecureSkipTlsVerify?: boolean
}

export function connectionFrom(source: string | Connection): Connection {
  return typeof source === 'string' ? connectionFromKubeconfig(source) : source
}

export function connectionFromKubeconfig(text: string): Connection {
  const config = record(parse(text))
  const contextName = config['current-context']
  const context = record(named(config['contexts'], contextName, 'context')['context'])
  const cluster = record(named(config['clusters'], context['cluster'], 'cluster')['cluster'])
  const user = record(named(config['users'], context['user'], 'user')['user'] ?? {})
  const url = string(cluster['server'])
  if (url === undefined) throw new Error('kubeconfig: clusters[].cluster.server is missing; it must be a URL')
  const ca = pem(cluster, 'certificate-authority')
  const certificate = pem(user, 'client-certificate')
  const key = pem(user, 'client-key')
  const tokenFile = string(user['tokenFile'])
  const token =
    string(user['token']) ?? (tokenFile === undefined ? undefined : readFileSync(tokenFile, 'utf8').trim())
  return {
    url: url.replace(/\/+$/, ''),
    ...(ca !== undefined && { ca }),
    ...(token !== undefined && { token }),
    ...(certificate !== undefined && key !== undefined && { clientCertificate: { certificate, key } }),
    ...(cluster['insecure-skip-tls-verify'] === true && { insecureSkipTlsVerify: true }),
  }
}

function named(list: unknown, name: unknown, what: string): Record<string, unknown> {
  const found = Array.isArray(list) ? list.map(record).find((entry) => entry['name'] === name) : undefined
  if (found === undefined) {
    throw new Error(`kubeconfig: the ${what} ${JSON.stringify(name)} that it points to is not in it`)
  }
  return found
}

function pem(section: Record<string, unknown>, field: string): string | undefined {
  const inline = string(section[`${field}-data`])
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8')
  const file = string(section[field])
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

const string = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
