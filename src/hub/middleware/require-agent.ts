// Opens the agents' paths to agents only: the token must be a ServiceAccount token made for the hub, and the account
// must be one that the operator made for an agent.

import { createMiddleware } from 'hono/factory'
import type { AgentKey } from '../../domain/run/task.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { unauthorized } from '../refusal.ts'
import { KubeswarmError } from '../../domain/error.ts'
import { HUB_AUDIENCE } from '../wire.ts'
import { bearerToken } from './bearer-token.ts'

export const requireAgent = ({ authenticator }: HubContext) =>
  createMiddleware<HubEnv>(async (c, next) => {
    const token = bearerToken(c.req.raw)
    const caller =
      token === undefined ? undefined : await authenticator.authenticate({ token, audience: HUB_AUDIENCE })
    if (caller === undefined) throw unauthorized()
    const agent = agentOf(caller.username)
    if (agent === undefined) {
      throw new KubeswarmError({
        code: 'Forbidden',
        message: `"${caller.username}" is no agent`,
        remedy: 'only the ServiceAccount "<agent>-agent" of an agent may lease tasks',
      })
    }
    c.set('agent', agent)
    await next()
  })

const AGENT_ACCOUNT = /^system:serviceaccount:(?<namespace>[^:]+):(?<agent>[^:]+)-agent$/

const agentOf = (username: string): AgentKey | undefined => {
  const { namespace, agent } = AGENT_ACCOUNT.exec(username)?.groups ?? {}
  return namespace === undefined || agent === undefined ? undefined : { namespace, name: agent }
}
