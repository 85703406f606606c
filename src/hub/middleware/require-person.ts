// Opens an object to those whom Kubernetes lets read it, or change it: that verb on that name in that namespace.

import { createMiddleware } from 'hono/factory'
import { KubeswarmError } from '../../domain/error.ts'
import type { HubContext, HubEnv } from '../context.ts'
import { unauthorized } from '../refusal.ts'
import { bearerToken } from './bearer-token.ts'

const runs = { resource: 'swarmruns', parameter: 'name' } as const
const events = { resource: 'swarmevents', parameter: 'event' } as const
const agents = { resource: 'swarmagents', parameter: 'name' } as const

export const requireReader = (context: HubContext) => requireRight(context, 'get', runs)

/** For questions over the runs of a namespace, or of all where the path names none. */
export const requireLister = (context: HubContext) => requireRight(context, 'list', runs)

export const requireEditor = (context: HubContext) => requireRight(context, 'update', runs)

export const requireEventReader = (context: HubContext) => requireRight(context, 'get', events)

export const requireAgentReader = (context: HubContext) => requireRight(context, 'get', agents)

const requireRight = (
  { authenticator }: HubContext,
  verb: 'get' | 'list' | 'update',
  { resource, parameter }: typeof runs | typeof events | typeof agents,
) =>
  createMiddleware<HubEnv>(async (c, next) => {
    const token = bearerToken(c.req.raw)
    const user = token === undefined ? undefined : await authenticator.authenticate({ token })
    if (user === undefined) throw unauthorized()
    const { namespace = '', [parameter]: name = '' } = c.req.param() as Record<string, string>
    const question = { user, verb, resource, namespace, name } as const
    if (!(await authenticator.authorize(question))) {
      throw new KubeswarmError({
        code: 'Forbidden',
        message: `"${user.username}" may not ${verb} ${resource}.kubeswarm.io "${name}" in namespace "${namespace}"`,
        remedy: `ask for a Role with verb ${verb} on ${resource}`,
      })
    }
    c.set('user', user)
    await next()
  })
