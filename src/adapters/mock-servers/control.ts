// The control port of a mock server: read the ledger, set faults, start over. Apart from the MCP port, so that no
// agent can reach it through a tool.

import type { ServedRequest } from '../http/serve.ts'
import type { Faults } from './faults.ts'
import type { Ledger } from './ledger.ts'

export const controlRoutes =
  ({
    ledger,
    faults,
    startOver,
  }: {
    readonly ledger: Ledger
    readonly faults: Faults
    /** Undoes what calls have changed. */
    readonly startOver: () => void
  }) =>
  async ({ method, url, body }: ServedRequest): Promise<Response> => {
    switch (`${method} ${url.pathname}`) {
      case 'GET /healthz':
        return new Response('ok\n')
      case 'GET /__ledger':
        return Response.json({ calls: ledger.entries(url.searchParams.get('tool') ?? undefined) })
      case 'POST /__reset':
        ledger.reset()
        faults.reset()
        startOver()
        return new Response(null, { status: 204 })
      case 'POST /__fault': {
        const problem = setFault({ faults, body })
        return problem === undefined
          ? new Response(null, { status: 204 })
          : Response.json({ error: problem }, { status: 400 })
      }
      default:
        return Response.json(
          { error: `no ${method} ${url.pathname}; there are GET /__ledger, POST /__fault, POST /__reset` },
          { status: 404 },
        )
    }
  }

const setFault = ({ faults, body }: { faults: Faults; body: string }): string | undefined => {
  try {
    return faults.set(JSON.parse(body))
  } catch {
    return 'the body is not JSON'
  }
}
