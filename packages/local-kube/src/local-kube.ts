/** A cluster in one process: the API server, the controllers, and a node agent that runs pods as local processes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApiServer } from './api-server.ts'
import type { ApiServer, ApiServerOptions } from './api-server.ts'
import type { NodeAgent, NodeAgentConfig } from './node-agent/start-node-agent.ts'
import { startControllers } from './start-controllers.ts'

export interface LocalKubeOptions extends ApiServerOptions {
  /** Deployments, ReplicaSets, Jobs, endpoints, garbage collection, namespaces, service accounts. */
  readonly controllers?: boolean
  /** Without it no pod runs. */
  readonly nodeAgent?: Omit<NodeAgentConfig, 'kubeconfig' | 'stateDirectory' | 'logger'> & {
    readonly stateDirectory?: string
  }
}

export interface LocalKube extends ApiServer {
  readonly nodeAgent: NodeAgent | undefined
}

export async function startLocalKube({
  controllers = true,
  nodeAgent,
  ...options
}: LocalKubeOptions = {}): Promise<LocalKube> {
  const server = await startApiServer(options)
  // Ended in the reverse order of their start: pods stop while the API can still record it.
  const endings: (() => Promise<void>)[] = [() => server.close()]
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end()
  }
  const { logger } = options
  const childLogger = logger === undefined ? {} : { logger }
  try {
    if (controllers) {
      const running = await startControllers({ kubeconfig: server.kubeconfig(), ...childLogger })
      endings.push(() => running.close())
    }
    let agent: NodeAgent | undefined
    if (nodeAgent !== undefined) {
      const {
        stateDirectory = stateDirectoryOf(options.directory, endings),
        nodeName = 'local',
        ...rest
      } = nodeAgent
      const hosts = ['127.0.0.1', 'localhost', nodeName]
      const servingCertificate =
        options.tls === false
          ? undefined
          : await server.issueCertificate({ commonName: `system:node:${nodeName}`, hosts })
      const { startNodeAgent } = await import('./node-agent/start-node-agent.ts')
      agent = await startNodeAgent({
        kubeconfig: server.kubeconfig(),
        nodeName,
        stateDirectory,
        // There is no node lifecycle controller here that would ask for it, and a cluster with nothing to do writes nothing.
        leaseSeconds: false,
        ...(servingCertificate === undefined ? {} : { servingCertificate }),
        ...childLogger,
        ...rest,
      })
      const started = agent
      endings.push(() => started.close())
    }
    return { ...server, nodeAgent: agent, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** In memory means leaving nothing behind. */
function stateDirectoryOf(directory: string | undefined, endings: (() => Promise<void>)[]): string {
  if (directory !== undefined) return join(directory, 'node')
  const temporary = mkdtempSync(join(tmpdir(), 'local-kube-node-'))
  endings.push(async () => rmSync(temporary, { recursive: true, force: true }))
  return temporary
}
