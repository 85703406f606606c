// A connection to an MCP server: found by trying the candidates, made when first needed, and made again when the
// server has forgotten it. Whoever asks meanwhile waits for the same connection.

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { networkFailure } from '../http/network-failure.ts'
import { endpointCandidates, type EndpointCandidate } from './endpoint-candidates.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { requestHeaders, type Credential } from './request-headers.ts'
import { httpStatus } from './server-failure.ts'

export interface McpConnection {
  readonly client: Client
  readonly url: URL
  readonly transport: EndpointCandidate['transport']
  close(): Promise<void>
}

interface McpConnector {
  connect(signal: AbortSignal): Promise<McpConnection>
  /** Lets go of a connection that no longer works; the next `connect` makes another. */
  drop(connection: McpConnection): void
  close(): Promise<void>
}

export const mcpConnector = ({
  setting,
  transport,
  credential,
  fetch,
  connectMs,
}: {
  readonly setting: ToolServerSetting
  readonly transport: Exclude<ToolServerSetting['transport'], 'legacy-rest'>
  readonly credential: Credential
  readonly fetch: Fetch
  readonly connectMs: number
}): McpConnector => {
  const url = new URL(setting.url)
  let current: Promise<McpConnection> | undefined
  /** The candidate that answered; it is not sought twice. */
  let winner: EndpointCandidate | undefined

  const open = async (candidate: EndpointCandidate, signal: AbortSignal): Promise<McpConnection> => {
    const client = new Client(
      { name: 'kubeswarm', version: '0.1.0' },
      {
        versionNegotiation: { mode: 'auto', probe: { timeoutMs: connectMs, maxRetries: 0 } },
        // Nobody is there to answer what a server would ask a person.
        inputRequired: { autoFulfill: false },
      },
    )
    // Failures reach whoever waits for an answer; there is nobody else to tell.
    client.onerror = () => undefined
    const options = {
      fetch: guardedFetch({
        fetch,
        origin: url.origin,
        headers: () => requestHeaders({ setting, credential }),
        standingChannel: candidate.transport === 'sse',
      }),
    }
    const channel =
      candidate.transport === 'sse'
        ? new SSEClientTransport(candidate.url, options)
        : new StreamableHTTPClientTransport(candidate.url, options)
    const connection: McpConnection = {
      client,
      url: candidate.url,
      transport: candidate.transport,
      close: () => client.close().catch(() => undefined),
    }
    client.onclose = () => connector.drop(connection)
    try {
      await orAborted({ signal, work: client.connect(channel, { timeout: connectMs, signal }) })
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  const seek = async (signal: AbortSignal): Promise<McpConnection> => {
    // A missing secret is found before anything is sent, and not taken for a fault of the server.
    requestHeaders({ setting, credential })
    const candidates = winner === undefined ? endpointCandidates({ url, transport }) : [winner]
    let first: unknown
    for (const candidate of candidates) {
      try {
        const connection = await open(candidate, signal)
        winner = candidate
        return connection
      } catch (error) {
        first ??= error
        if (signal.aborted || !mayBeElsewhere(error)) throw error
      }
    }
    throw first
  }

  const connector: McpConnector = {
    connect: (signal) => {
      current ??= seek(AbortSignal.any([signal, AbortSignal.timeout(connectMs)])).catch((error: unknown) => {
        current = undefined
        throw error
      })
      return current
    },
    drop: (connection) => {
      void current?.then(
        (open) => {
          if (open === connection) current = undefined
        },
        () => undefined,
      )
    },
    close: async () => {
      const connection = await current?.catch(() => undefined)
      current = undefined
      await connection?.close()
    },
  }
  return connector
}

/** Whether another address or transport may do better: not when the host itself is the trouble, nor the credential. */
const mayBeElsewhere = (error: unknown): boolean => {
  const status = httpStatus(error)
  if (status !== undefined)
    return status === 400 || status === 404 || status === 405 || status === 406 || status === 415
  return networkFailure(error).kind === 'other'
}

const orAborted = async <T>({ signal, work }: { signal: AbortSignal; work: Promise<T> }): Promise<T> => {
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    signal.addEventListener('abort', stop, { once: true })
  })
  work.catch(() => undefined)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
