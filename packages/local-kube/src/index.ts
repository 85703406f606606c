/** A Kubernetes API server, and with it a one-process cluster, for tests and demos. */
import type { startNodeAgent as StartNodeAgent } from './node-agent/start-node-agent.ts'

export { startApiServer } from './api-server.ts'
export type { ApiServer, ApiServerOptions } from './api-server.ts'
export { startControllers } from './start-controllers.ts'
export { startLocalKube } from './local-kube.ts'
export type { LocalKube, LocalKubeOptions } from './local-kube.ts'
export type { Controllers } from './controllers/start-controllers.ts'
export type { NodeAgent, NodeAgentConfig } from './node-agent/start-node-agent.ts'
export type { Logger } from './client/logger.ts'
export { StoreLockedError } from './storage/sqlite-log.ts'

// Loaded when it is started: an API server alone answers in half the time.
export const startNodeAgent: typeof StartNodeAgent = async (config) =>
  (await import('./node-agent/start-node-agent.ts')).startNodeAgent(config)
