/**
 * Who a bearer token belongs to: the administrator's token, or a ServiceAccount token this server signed. Keys and the
 * admin token are kept in the directory, so that tokens outlive a restart.
 */
import {
  createPrivateKey,
  createPublicKey,
  createHash,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UserInfo } from '../admission/admission.ts'
import { asArray, asObject, asString, isObject } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'

export interface BoundObject {
  readonly kind: string
  readonly apiVersion: string
  readonly name: string
  readonly uid: string
}

export interface VerifiedToken {
  readonly user: UserInfo
  readonly audiences: readonly string[]
  readonly serviceAccount:
    { readonly namespace: string; readonly name: string; readonly uid: string } | undefined
  readonly pod: { readonly name: string; readonly uid: string } | undefined
}

/** The audience of the API server itself. */
export const API_AUDIENCE = 'https://kubernetes.default.svc.cluster.local'

const encode = (value: JsonValue | Buffer): string =>
  (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url')
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export class Tokens {
  readonly adminToken: string
  readonly #key: KeyObject
  readonly #public: KeyObject
  readonly #keyId: string
  readonly #issuer: string
  readonly #now: () => number

  constructor({
    directory,
    adminToken,
    issuer = API_AUDIENCE,
    now,
  }: {
    directory: string | undefined
    adminToken?: string | undefined
    issuer?: string
    now: () => number
  }) {
    const kept = (file: string, make: () => string): string => {
      if (directory === undefined) return make()
      const path = join(directory, file)
      if (existsSync(path)) return readFileSync(path, 'utf8').trim()
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const text = make()
      writeFileSync(path, `${text}\n`, { mode: 0o600 })
      return text
    }
    this.adminToken = adminToken ?? kept('admin.token', () => randomBytes(24).toString('base64url'))
    const pem = kept(
      'service-account.key',
      () =>
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          type: 'pkcs8',
          format: 'pem',
        }) as string,
    )
    this.#key = createPrivateKey(pem)
    this.#public = createPublicKey(this.#key)
    this.#keyId = digest(this.#public.export({ type: 'spki', format: 'pem' }) as string).toString('base64url')
    this.#issuer = issuer
    this.#now = now
  }

  issue({
    namespace,
    name,
    uid,
    audiences,
    expirationSeconds,
    bound,
  }: {
    namespace: string
    name: string
    uid: string
    audiences: readonly string[]
    expirationSeconds: number
    bound: BoundObject | undefined
  }): { readonly token: string; readonly expiresAt: number } {
    const issuedAt = Math.floor(this.#now() / 1000)
    const expiresAt = issuedAt + expirationSeconds
    const claims: JsonObject = {
      aud: [...audiences],
      exp: expiresAt,
      iat: issuedAt,
      nbf: issuedAt,
      iss: this.#issuer,
      jti: randomUUID(),
      sub: `system:serviceaccount:${namespace}:${name}`,
      'kubernetes.io': {
        namespace,
        serviceaccount: { name, uid },
        ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
      },
    }
    const signed = `${encode({ alg: 'ES256', kid: this.#keyId })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return { token: `${signed}.${encode(signature)}`, expiresAt: expiresAt * 1000 }
  }

  verify(token: string): VerifiedToken | undefined {
    if (timingSafeEqual(digest(token), digest(this.adminToken))) {
      return {
        user: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
        audiences: [API_AUDIENCE],
        serviceAccount: undefined,
        pod: undefined,
      }
    }
    const [header, payload, signature] = token.split('.')
    if (header === undefined || payload === undefined || signature === undefined) return undefined
    const valid = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key: this.#public, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    if (!valid) return undefined
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as JsonObject
    const now = this.#now() / 1000
    if (typeof claims['exp'] !== 'number' || claims['exp'] <= now || Number(claims['nbf'] ?? 0) > now + 5)
      return undefined
    const private_ = asObject(claims['kubernetes.io'])
    const account = asObject(private_['serviceaccount'])
    const namespace = asString(private_['namespace'])
    const pod = private_['pod']
    return {
      user: {
        username: asString(claims['sub']),
        uid: asString(account['uid']),
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        ...(isObject(pod)
          ? {
              extra: {
                'authentication.kubernetes.io/pod-name': [asString(pod['name'])],
                'authentication.kubernetes.io/pod-uid': [asString(pod['uid'])],
              },
            }
          : {}),
      },
      audiences: asArray(claims['aud']).map(asString),
      serviceAccount: { namespace, name: asString(account['name']), uid: asString(account['uid']) },
      pod: isObject(pod) ? { name: asString(pod['name']), uid: asString(pod['uid']) } : undefined,
    }
  }

  /** For `/openid/v1/jwks`. */
  jwks(): JsonObject {
    return {
      keys: [
        {
          ...(this.#public.export({ format: 'jwk' }) as JsonObject),
          kid: this.#keyId,
          alg: 'ES256',
          use: 'sig',
        },
      ],
    }
  }

  get issuer(): string {
    return this.#issuer
  }
}
