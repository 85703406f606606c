/** The controllers as a client of an API server, with a connection of their own. */
import type { Connection } from './client/connection.ts'
import type { Logger } from './client/logger.ts'
import type { Controllers } from './controllers/start-controllers.ts'

/** Resolves when every controller has seen the present state of the world. */
export async function startControllers({
  kubeconfig,
  logger,
}: {
  /** Text of a kubeconfig, or where the API server is and how to speak to it. */
  readonly kubeconfig: string | Connection
  readonly logger?: Logger
}): Promise<Controllers> {
  // Loaded when they are wanted: an API server alone answers in half the time.
  const [{ createKubeClient }, controllers] = await Promise.all([
    import('./client/kube-client.ts'),
    import('./controllers/start-controllers.ts'),
  ])
  const client = createKubeClient({ kubeconfig, userAgent: 'local-kube-controllers' })
  try {
    const running = await controllers.startControllers({ client, ...(logger && { logger }) })
    return {
      close: async () => {
        await running.close()
        await client.close()
      },
    }
  } catch (error) {
    await client.close()
    throw error
  }
}
