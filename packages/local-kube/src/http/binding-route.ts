/** `POST pods/x/binding`: how a scheduler gives a pod to a node. */
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { ObjectWriter } from '../resources/object-writer.ts'
import { StatusError, badRequest, methodNotAllowed } from '../status-error.ts'
import { timestamp } from '../resources/lifecycle.ts'
import type { SubresourceRoute } from './resource-routes.ts'

export function bindingRoute({
  writer,
  now,
}: {
  readonly writer: ObjectWriter
  readonly now: () => number
}): SubresourceRoute {
  return async ({ exchange, resource, path }) => {
    if (exchange.method !== 'POST') throw methodNotAllowed()
    const node = asString(valueAt(await exchange.objectBody(), 'target', 'name'))
    if (node === '') throw badRequest('a binding must name its target')
    const name = path.name ?? ''
    const context = {
      resource,
      namespace: path.namespace ?? '',
      name,
      user: exchange.user,
      fieldManager: exchange.request.headers['user-agent']?.split('/')[0] ?? 'unknown',
      fieldValidation: 'Ignore',
      dryRun: exchange.query.get('dryRun') === 'All',
      warn: () => undefined,
    } as const
    await writer.update({ ...context, subresource: 'binding' }, (pod) => {
      const bound = asString(valueAt(pod, 'spec', 'nodeName'))
      if (bound !== '') {
        throw new StatusError({
          code: 409,
          reason: 'Conflict',
          message: `Operation cannot be fulfilled on pods/binding "${name}": pod ${name} is already assigned to node "${bound}"`,
          details: { name, kind: 'pods/binding' },
        })
      }
      const status = asObject(pod['status'])
      const others = asArray(status['conditions']).filter(
        (condition) => asObject(condition)['type'] !== 'PodScheduled',
      )
      const scheduled = {
        type: 'PodScheduled',
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: timestamp(now()),
      }
      return {
        object: {
          ...pod,
          spec: { ...asObject(pod['spec']), nodeName: node },
          status: { ...status, conditions: [...others, scheduled] },
        },
        source: 'body',
        ownsManagedFields: true,
      }
    })
    exchange.json(
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
      { code: 201 },
    )
  }
}
