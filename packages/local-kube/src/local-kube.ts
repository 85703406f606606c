// The whole of it in one process: API server, controllers and a node agent that runs pods as child processes. The
// parts speak HTTP to each other, as they would in a real cluster.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApiServer, type ApiServer, type ApiServerOptions } from './api-server.ts'
import { createKubeClient } from './client/kube-client.ts'
import { silentLogger, type Logger } from './client/logger.ts'
import { startControllers } from './controllers/start-controllers.ts'
import { startNodeAgent, type NodeAgent, type NodeAgentConfig } from './node-agent/start-node-agent.ts'

export interface LocalKubeOptions extends Omit<ApiServerOptions, 'logger' | 'kubeletCa'> {
  /** Which images this node runs, and by which local command. Left out: no node, pods stay Pending. */
  readonly nodeAgent?: Pick<NodeAgentConfig, 'images' | 'extraEnv' | 'nodeName' | 'longestShutdownMilliseconds' | 'onPodEvent'>
  readonly logger?: Logger
}

export interface LocalKube extends Omit<ApiServer, 'close'> {
  readonly node: NodeAgent | undefined
  /** Pods first, API server last; when it resolves nothing of it runs any more. */
  close(): Promise<void>
}

export const startLocalKube = async ({ nodeAgent, logger = silentLogger, ...server }: LocalKubeOptions = {}): Promise<LocalKube> => {
  const undo: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const api = await startApiServer({ ...server, logger })
    undo.push(() => api.close())
    const connection = { url: api.url, ca: api.caCertificate, token: api.token }
    const client = createKubeClient({ kubeconfig: connection, userAgent: 'local-kube-controllers' })
    undo.push(() => client.close())
    const controllers = await startControllers({ client, logger })
    undo.push(() => controllers.close())
    const node = nodeAgent === undefined ? undefined : await startNode({ nodeAgent, api, connection, directory: server.directory, logger, undo })
    return { ...api, node, close }
  } catch (error) {
    await close()
    throw error
  }
}

const startNode = async ({
  nodeAgent,
  api,
  connection,
  directory,
  logger,
  undo,
}: {
  readonly nodeAgent: NonNullable<LocalKubeOptions['nodeAgent']>
  readonly api: ApiServer
  readonly connection: { readonly url: string; readonly ca: string; readonly token: string }
  readonly directory: string | undefined
  readonly logger: Logger
  readonly undo: (() => Promise<void> | void)[]
}): Promise<NodeAgent> => {
  const stateDirectory = directory === undefined ? mkdtempSync(join(tmpdir(), 'local-kube-node-')) : join(directory, 'node')
  if (directory === undefined) undo.push(() => rmSync(stateDirectory, { recursive: true, force: true }))
  const node = await startNodeAgent({
    ...nodeAgent,
    kubeconfig: connection,
    stateDirectory,
    servingCertificate: await api.issueCertificate({ commonName: `system:node:${nodeAgent.nodeName ?? 'local'}`, hosts: ['127.0.0.1', 'localhost'] }),
    logger,
  })
  undo.push(() => node.close())
  return node
}
