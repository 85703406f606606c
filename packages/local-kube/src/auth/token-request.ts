/** `POST …/serviceaccounts/X/token`: a signed token with audiences and an expiry, bound to an object when asked. */
import { randomUUID } from 'node:crypto'
import { asArray, asObject, asString, isObject, valueAt } from '../json.ts'
import type { SubresourceRoute } from '../http/resource-routes.ts'
import { badRequest, conflict, invalid, methodNotAllowed, notFound } from '../status-error.ts'
import type { Store } from '../storage/store.ts'
import { API_AUDIENCE } from './tokens.ts'
import type { BoundObject, Tokens } from './tokens.ts'

export function tokenRoute({ store, tokens }: { store: Store; tokens: Tokens }): SubresourceRoute {
  return async ({ exchange, path }) => {
    if (exchange.method !== 'POST') throw methodNotAllowed()
    const namespace = path.namespace ?? ''
    const name = path.name ?? ''
    const account = store.get({ bucket: '/serviceaccounts', namespace, name })
    if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name)
    const body = await exchange.objectBody()
    const spec = asObject(body['spec'])
    // Older clients send null for "you choose".
    const seconds = Number(spec['expirationSeconds'] ?? 3600)
    if (!(seconds >= 600 && seconds <= 2 ** 32)) {
      throw invalid({ group: 'authentication.k8s.io', resource: 'TokenRequest' }, '', [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`,
          field: 'spec.expirationSeconds',
        },
      ])
    }
    const given = asArray(spec['audiences']).map(asString)
    const audiences = given.length === 0 ? [API_AUDIENCE] : given
    const bound = boundObject({ store, namespace, reference: spec['boundObjectRef'] })
    const uid = asString(valueAt(account.object, 'metadata', 'uid'))
    const { token, expiresAt } = tokens.issue({
      namespace,
      name,
      uid,
      audiences,
      expirationSeconds: seconds,
      bound,
    })
    exchange.json(
      {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {
          name,
          namespace,
          uid: randomUUID(),
          creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        },
        spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec['boundObjectRef'] ?? null },
        status: { token, expirationTimestamp: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z') },
      },
      { code: 201 },
    )
  }
}

function boundObject({
  store,
  namespace,
  reference,
}: {
  store: Store
  namespace: string
  reference: unknown
}): BoundObject | undefined {
  if (!isObject(reference)) return undefined
  const kind = asString(reference['kind'])
  const name = asString(reference['name'])
  const plural = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }[kind]
  if (plural === undefined)
    throw badRequest(
      `cannot bind token for serviceaccount to ${kind}: only Pod, Secret and Node are possible`,
    )
  const found = store.get({ bucket: `/${plural}`, namespace: kind === 'Node' ? '' : namespace, name })
  if (found === undefined) throw notFound({ group: '', resource: plural }, name)
  const uid = asString(valueAt(found.object, 'metadata', 'uid'))
  const wanted = asString(reference['uid'])
  if (wanted !== '' && wanted !== uid)
    throw conflict(
      { group: '', resource: plural },
      name,
      `the UID in the bound object reference (${wanted}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    )
  return { kind, apiVersion: 'v1', name, uid }
}
