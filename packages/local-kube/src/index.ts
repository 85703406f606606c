/** A Kubernetes API server, and with it a one-process cluster, for tests and demos. */
export { startApiServer } from './api-server.ts'
export type { ApiServer, ApiServerOptions, Logger } from './api-server.ts'
export { StoreLockedError } from './storage/sqlite-log.ts'
export { startLocalKube } from './local-kube.ts'
export type { LocalKube, LocalKubeOptions } from './local-kube.ts'
