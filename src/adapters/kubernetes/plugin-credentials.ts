// Kubeconfigs whose users log in by a program or a provider. @kubernetes/client-node knows them all; it costs 60 MB
// and 0.4 s, so it is loaded only for such a kubeconfig.

import type { AgentOptions, RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, ProxyAgent, type Dispatcher } from 'undici'
import { KubeswarmError } from '../../domain/error.ts'

interface PluginAccess {
  readonly server: string
  readonly dispatcher: () => Promise<Dispatcher>
  readonly authorization: () => Promise<string | undefined>
}

/** Credentials of plugins expire; they are asked again after this long, the plugin's own cache answers quickly. */
const refreshMs = 60_000

export const connectByPlugin = async ({
  source,
  context,
}: {
  readonly source: string
  readonly context?: string
}): Promise<PluginAccess> => {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromString(source)
  if (context !== undefined) config.setCurrentContext(context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('cannot read kubeconfig: its current context names no cluster')

  let current:
    { readonly at: number; readonly dispatcher: Dispatcher; readonly header: string | undefined } | undefined
  const refresh = async () => {
    if (current !== undefined && performance.now() - current.at < refreshMs) return current
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const headers = (options.headers ?? {}) as Readonly<Record<string, string | undefined>>
    const basic =
      typeof options.auth === 'string' ? `Basic ${Buffer.from(options.auth).toString('base64')}` : undefined
    // A dispatcher that is still streaming a watch must not be closed under it: it ends with its last request.
    void current?.dispatcher.close()
    current = {
      at: performance.now(),
      dispatcher: dispatcherFor(config.createDispatcherOptions(cluster, options as AgentOptions)),
      header: headers['Authorization'] ?? headers['authorization'] ?? basic,
    }
    return current
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    dispatcher: async () => (await refresh()).dispatcher,
    authorization: async () => (await refresh()).header,
  }
}

type DispatcherOptions = ReturnType<KubeConfig['createDispatcherOptions']>

const dispatcherFor = (options: DispatcherOptions): Dispatcher => {
  switch (options.type) {
    case 'proxy':
      return new ProxyAgent({ uri: options.uri, requestTls: options.requestTls })
    case 'agent':
      return new Agent({ connect: options.connect })
    case 'none':
      return new Agent()
    case 'socks':
      throw new KubeswarmError({
        code: 'InvalidInput',
        message: `cannot reach the cluster through "${options.uri}": SOCKS proxies are not supported`,
        remedy: 'use an HTTP proxy in proxy-url',
      })
  }
}
