// The ledger of a mock server in the cluster, read through the API server's service proxy.

import type { Transport } from '../../adapters/kubernetes/transport.ts'

export interface LedgerCall {
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly executed: boolean
  readonly at: string
}

export const readLedger = async ({
  transport,
  namespace,
  server,
}: {
  readonly transport: Transport
  readonly namespace: string
  readonly server: string
}): Promise<readonly LedgerCall[]> => {
  const { calls } = await transport.exchange<{ readonly calls: readonly LedgerCall[] }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/services/mock-${server}:control/proxy/__ledger`,
  })
  return calls
}
