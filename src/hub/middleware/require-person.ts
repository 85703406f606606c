// Opens a run to those whom Kubernetes lets read it, or change it: that verb on swarmruns of that name in that namespace.

import { createMiddleware } from 'hono/factory'
import { KubeswarmError } from '../../domain/error.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { unauthorized } from '../refusal.ts'
import { bearerToken } from './bearer-token.ts'

export const requireReader = (context: HubContext) => requireRight(context, 'get')

export const requireEditor = (context: HubContext) => requireRight(context, 'update')

const requireRight = ({ authenticator }: HubContext, verb: 'get' | 'update') =>
  createMiddleware<HubEnv>(async (c, next) => {
    const token = bearerToken(c.req.raw)
    const user = token === undefined ? undefined : await authenticator.authenticate({ token })
    if (user === undefined) throw unauthorized()
    const { namespace = '', name = '' } = c.req.param() as Record<string, string>
    const question = { user, verb, resource: 'swarmruns', namespace, name } as const
    if (!(await authenticator.authorize(question))) {
      throw new KubeswarmError({
        code: 'Forbidden',
        message: `"${user.username}" may not ${verb} swarmruns.kubeswarm.io "${name}" in namespace "${namespace}"`,
        remedy: `ask for a Role with verb ${verb} on swarmruns`,
      })
    }
    c.set('user', user)
    await next()
  })
