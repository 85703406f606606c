/** Reviews: questions about tokens and rights. RBAC objects are stored but not enforced, and the answers say so. */
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Exchange } from '../http/exchange.ts'
import { timestamp } from '../resources/lifecycle.ts'
import { methodNotAllowed } from '../status-error.ts'
import type { Store } from '../storage/store.ts'
import type { UserInfo } from '../admission/admission.ts'
import { API_AUDIENCE } from './tokens.ts'
import type { Tokens } from './tokens.ts'

const NOT_ENFORCED = 'RBAC is not enforced here: local-kube lets every authenticated user do everything'

const userJson = (user: UserInfo): JsonObject => ({
  username: user.username,
  ...(user.uid === undefined ? {} : { uid: user.uid }),
  groups: [...user.groups],
  ...(user.extra === undefined
    ? {}
    : { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
})

export function reviewRoutes({
  store,
  tokens,
}: {
  store: Store
  tokens: Tokens
}): ReadonlyMap<string, (exchange: Exchange) => Promise<void>> {
  const route =
    (group: string, kind: string, status: (body: JsonObject, exchange: Exchange) => JsonObject) =>
    async (exchange: Exchange): Promise<void> => {
      if (exchange.method !== 'POST') throw methodNotAllowed()
      const body = await exchange.objectBody()
      exchange.json(
        {
          kind,
          apiVersion: `${group}/v1`,
          metadata: kind === 'SelfSubjectReview' ? { creationTimestamp: timestamp(Date.now()) } : {},
          ...(kind === 'SelfSubjectReview' ? {} : { spec: body['spec'] ?? {} }),
          status: status(body, exchange),
        },
        { code: 201 },
      )
    }
  const allowed = (): JsonObject => ({ allowed: true, reason: NOT_ENFORCED })
  const authorization = 'authorization.k8s.io'
  const authentication = 'authentication.k8s.io'
  return new Map([
    [`${authorization}/selfsubjectaccessreviews`, route(authorization, 'SelfSubjectAccessReview', allowed)],
    [`${authorization}/subjectaccessreviews`, route(authorization, 'SubjectAccessReview', allowed)],
    [`${authorization}/localsubjectaccessreviews`, route(authorization, 'LocalSubjectAccessReview', allowed)],
    [
      `${authorization}/selfsubjectrulesreviews`,
      route(authorization, 'SelfSubjectRulesReview', () => ({
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        incomplete: false,
        evaluationError: NOT_ENFORCED,
      })),
    ],
    [
      `${authentication}/selfsubjectreviews`,
      route(authentication, 'SelfSubjectReview', (_, exchange) => ({ userInfo: userJson(exchange.user) })),
    ],
    [
      `${authentication}/tokenreviews`,
      route(authentication, 'TokenReview', (body) => reviewToken({ store, tokens, body })),
    ],
  ])
}

function reviewToken({
  store,
  tokens,
  body,
}: {
  store: Store
  tokens: Tokens
  body: JsonObject
}): JsonObject {
  const token = asString(valueAt(body, 'spec', 'token'))
  const wanted = asArray(valueAt(body, 'spec', 'audiences')).map(asString)
  const refused = (error: string): JsonObject => ({ user: {}, error })
  const verified = token === '' ? undefined : tokens.verify(token)
  if (verified === undefined) return refused('invalid bearer token')
  const { serviceAccount, pod } = verified
  if (serviceAccount !== undefined) {
    const { namespace, name, uid } = serviceAccount
    const account = store.get({ bucket: '/serviceaccounts', namespace, name })
    // A token of an account that was deleted, even if one of its name exists again, is nobody's.
    if (asObject(account?.object['metadata'])['uid'] !== uid)
      return refused('service account token has been invalidated')
    if (pod !== undefined) {
      const found = store.get({ bucket: '/pods', namespace, name: pod.name })
      if (asObject(found?.object['metadata'])['uid'] !== pod.uid)
        return refused('pod bound to the token no longer exists')
    }
  }
  const audiences = wanted.length === 0 ? [API_AUDIENCE] : wanted
  const shared = audiences.filter((audience) => verified.audiences.includes(audience))
  if (shared.length === 0)
    return refused(
      `[invalid bearer token, token audiences ${JSON.stringify(verified.audiences)} is invalid for the target audiences ${JSON.stringify(audiences)}]`,
    )
  return { authenticated: true, user: userJson(verified.user), audiences: shared }
}
