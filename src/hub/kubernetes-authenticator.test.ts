import { describe, expect, test } from 'vitest'
import { createManualClock } from '../ports/manual-clock.ts'
import { createKubernetesAuthenticator } from './kubernetes-authenticator.ts'

const create = (answer: (body: Review) => unknown) => {
  const asked: { path: string; body: Review }[] = []
  const clock = createManualClock()
  const authenticator = createKubernetesAuthenticator({
    clock,
    resources: {
      review: async <T>(path: string, body: unknown) => {
        asked.push({ path, body: body as Review })
        return answer(body as Review) as T
      },
    },
  })
  return { asked, clock, authenticator }
}
interface Review {
  readonly spec: { readonly token?: string; readonly audiences?: readonly string[] }
}
const user = { username: 'system:serviceaccount:ns:a-agent', groups: ['system:serviceaccounts'] }
const yes = ({ spec: { audiences } }: Review) => ({
  status: { authenticated: true, user, ...(audiences === undefined ? {} : { audiences }) },
})
const question = { user, verb: 'get', resource: 'swarmruns', namespace: 'ns', name: 'r' } as const

describe('authentication by Kubernetes', () => {
  test('asks once in a minute per token and audience', async () => {
    const { asked, clock, authenticator } = create(yes)
    const ask = (audience?: string) =>
      authenticator.authenticate({ token: 't', ...(audience === undefined ? {} : { audience }) })
    expect(await Promise.all([ask('hub'), ask('hub')])).toEqual([user, user])
    expect(await ask('hub')).toEqual(user)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { kind: 'TokenReview', spec: { token: 't', audiences: ['hub'] } },
    })
    await ask()
    expect(asked).toHaveLength(2)
    clock.advance(60_000)
    await ask('hub')
    expect(asked).toHaveLength(3)
  })

  test('a no is asked again after five seconds', async () => {
    const { asked, clock, authenticator } = create(() => ({
      status: { authenticated: false, error: 'expired' },
    }))
    expect(await authenticator.authenticate({ token: 't', audience: 'hub' })).toBeUndefined()
    await authenticator.authenticate({ token: 't', audience: 'hub' })
    expect(asked).toHaveLength(1)
    clock.advance(5000)
    await authenticator.authenticate({ token: 't', audience: 'hub' })
    expect(asked).toHaveLength(2)
  })

  test.each([
    { reason: 'for another audience', status: { authenticated: true, user, audiences: ['other'] } },
    { reason: 'by an authenticator that knows no audiences', status: { authenticated: true, user } },
    { reason: 'without a name', status: { authenticated: true, user: {}, audiences: ['hub'] } },
    { reason: 'without a status', status: undefined },
  ])('a yes $reason is a no', async ({ status }) => {
    const { authenticator } = create(() => ({ status }))
    expect(await authenticator.authenticate({ token: 't', audience: 'hub' })).toBeUndefined()
  })

  test('a failure is thrown and not kept', async () => {
    let broken = true
    const { authenticator } = create((body) => {
      if (broken) throw new Error('no API server')
      return yes(body)
    })
    await expect(authenticator.authenticate({ token: 't', audience: 'hub' })).rejects.toMatchObject({
      code: 'HubUnavailable',
      message: expect.stringContaining('no API server'),
    })
    broken = false
    expect(await authenticator.authenticate({ token: 't', audience: 'hub' })).toEqual(user)
  })

  test('access is asked per question, and anything but allowed is a no', async () => {
    let allowed: boolean | undefined = true
    const { asked, clock, authenticator } = create(() => ({ status: { allowed } }))
    expect(await authenticator.authorize(question)).toBe(true)
    expect(await authenticator.authorize(question)).toBe(true)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        spec: {
          user: user.username,
          groups: user.groups,
          resourceAttributes: {
            group: 'kubeswarm.io',
            resource: 'swarmruns',
            verb: 'get',
            namespace: 'ns',
            name: 'r',
          },
        },
      },
    })
    allowed = undefined
    expect(await authenticator.authorize({ ...question, name: 'other' })).toBe(false)
    clock.advance(60_000)
    expect(await authenticator.authorize(question)).toBe(false)
  })

  test('F80 the cache is bounded', async () => {
    const { asked, authenticator } = create(yes)
    for (let index = 0; index <= 4096; index++)
      await authenticator.authenticate({ token: `t${index}`, audience: 'hub' })
    await authenticator.authenticate({ token: 't4096', audience: 'hub' })
    expect(asked).toHaveLength(4097)
    await authenticator.authenticate({ token: 't0', audience: 'hub' })
    expect(asked).toHaveLength(4098)
  })
})
