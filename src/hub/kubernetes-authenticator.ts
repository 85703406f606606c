// Kubernetes as the authenticator: TokenReview tells whose a token is, SubjectAccessReview what its owner may do.
// Answers are kept for a short while, in a bounded cache; a revoked right is gone within a minute.

import { createHash } from 'node:crypto'
import { KubeswarmError } from '../domain/error.ts'
import type { AccessQuestion, Authenticator, Caller } from '../ports/authenticator.ts'
import type { Clock } from '../ports/clock.ts'
import type { Resources } from '../ports/resources.ts'
import { createAnswerCache } from './answer-cache.ts'

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews'
const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const KEEP_YES_MS = 60_000
const KEEP_NO_MS = 5000
const CAPACITY = 4096

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean
    readonly user?: { readonly username?: string; readonly groups?: readonly string[] }
    readonly audiences?: readonly string[]
  }
}
interface SubjectAccessReview {
  readonly status?: { readonly allowed?: boolean }
}

export const createKubernetesAuthenticator = ({
  resources,
  clock,
}: {
  readonly resources: Pick<Resources, 'review'>
  readonly clock: Clock
}): Authenticator => {
  const keepFor = (yes: boolean): number => (yes ? KEEP_YES_MS : KEEP_NO_MS)
  const callers = createAnswerCache<Caller | undefined>({
    clock,
    capacity: CAPACITY,
    keepMs: (caller) => keepFor(caller !== undefined),
  })
  const rights = createAnswerCache<boolean>({ clock, capacity: CAPACITY, keepMs: keepFor })
  return {
    authenticate: ({ token, audience }) =>
      // By hash: tokens are not kept in memory longer than a request.
      callers.answer(hashOf([token, audience ?? '']), () =>
        reviewToken({ resources, token, audience }).catch(cannotAsk),
      ),
    authorize: (question) => {
      const { user, verb, resource, namespace, name } = question
      const key = hashOf([user.username, ...user.groups, '', verb, resource, namespace, name])
      return rights.answer(key, () => reviewAccess({ resources, question }).catch(cannotAsk))
    },
  }
}

const cannotAsk = (cause: unknown): never => {
  throw new KubeswarmError({
    code: 'HubUnavailable',
    message: `cannot ask the Kubernetes API who is calling: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'the hub needs the API server, and create on tokenreviews and subjectaccessreviews',
    retryable: true,
    retryAfterMs: 2000,
    cause,
  })
}

const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64')

const reviewToken = async ({
  resources,
  token,
  audience,
}: {
  readonly resources: Pick<Resources, 'review'>
  readonly token: string
  readonly audience?: string | undefined
}): Promise<Caller | undefined> => {
  const { status } = await resources.review<TokenReview>(TOKEN_REVIEWS, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audience === undefined ? {} : { audiences: [audience] }) },
  })
  const username = status?.user?.username
  if (status?.authenticated !== true || username === undefined || username === '') return undefined
  // An authenticator that knows nothing of audiences leaves them out; its yes is meant for the Kubernetes API only.
  if (audience !== undefined && status.audiences?.includes(audience) !== true) return undefined
  return { username, groups: status.user?.groups ?? [] }
}

const reviewAccess = async ({
  resources,
  question: { user, verb, resource, namespace, name },
}: {
  readonly resources: Pick<Resources, 'review'>
  readonly question: AccessQuestion
}): Promise<boolean> => {
  const { status } = await resources.review<SubjectAccessReview>(ACCESS_REVIEWS, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: user.username,
      groups: user.groups,
      resourceAttributes: { group: 'kubeswarm.io', resource, verb, namespace, name },
    },
  })
  return status?.allowed === true
}
