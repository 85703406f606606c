// Who may read logs at the node's endpoint: the API server decides, by TokenReview and SubjectAccessReview, as for a
// kubelet. Answers are remembered shortly, because `kubectl logs -f` over many pods asks the same thing many times.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { KubeClient } from '../client/kube-client.ts'

const rememberedFor = 10_000

export function createKubeletAccess({
  client,
  nodeName,
}: {
  readonly client: KubeClient
  readonly nodeName: string
}) {
  const answers = new Map<string, { readonly until: number; readonly allowed: Promise<boolean> }>()

  const review = async (token: string, verb: string): Promise<boolean> => {
    const { status } = await client.request<TokenReview>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    })
    if (status?.authenticated !== true) return false
    const { username, groups, uid } = status.user ?? {}
    const access = await client.request<AccessReview>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: username,
          groups,
          uid,
          resourceAttributes: {
            verb,
            version: 'v1',
            resource: 'nodes',
            subresource: 'proxy',
            name: nodeName,
          },
        },
      },
    })
    return access.status?.allowed === true
  }

  return async ({
    token,
    verb,
  }: {
    readonly token: string | undefined
    readonly verb: string
  }): Promise<boolean> => {
    if (token === undefined) return false
    if (client.connection.token !== undefined && isSame(token, client.connection.token)) return true
    const key = createHash('sha256').update(`${verb} ${token}`).digest('hex')
    const known = answers.get(key)
    if (known !== undefined && known.until > Date.now()) return known.allowed
    const allowed = review(token, verb === 'get' ? 'get' : 'create').catch(() => false)
    if (answers.size > 100) answers.clear()
    answers.set(key, { until: Date.now() + rememberedFor, allowed })
    return allowed
  }
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean
    readonly user?: { readonly username?: string; readonly groups?: readonly string[]; readonly uid?: string }
  }
}

interface AccessReview {
  readonly status?: { readonly allowed?: boolean }
}

function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
