// The certificates of admission: an authority that the replicas of one installation share, and what each of them shows
// the API server. Just enough DER to write X.509 v3 certificates; nothing is ever parsed here but by Node itself.

import {
  createPrivateKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'

export interface CertifiedKey {
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

const dayMs = 24 * 3_600_000
const authorityMs = 3650 * dayMs
const servingMs = 365 * dayMs
/** The two machines' clocks may differ. */
const earlierMs = 3_600_000

/** A new authority, its own issuer. No two have the same name, so several can be trusted at once. */
export const newAuthority = ({ now }: { readonly now: number }): CertifiedKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const name = `kubeswarm-admission-${randomBytes(8).toString('hex')}`
  return certified({
    subject: name,
    issuer: { name, key: privateKey },
    now,
    validMs: authorityMs,
    keys: { privateKey, publicKey },
    extensions: [
      extension({
        id: basicConstraints,
        critical: true,
        value: sequence(tagged(0x01, Buffer.from([0xff]))),
      }),
    ],
  })
}

export const servingCertificate = ({
  authority,
  hosts,
  now,
}: {
  readonly authority: CertifiedKey
  /** Names and addresses that it is valid for. */
  readonly hosts: readonly string[]
  readonly now: number
}): CertifiedKey => {
  const { subject } = new X509Certificate(authority.certificate)
  return certified({
    subject: 'kubeswarm-admission',
    issuer: { name: subject.replace(/^CN=/, ''), key: createPrivateKey(authority.key) },
    now,
    validMs: servingMs,
    keys: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
    extensions: [
      extension({ id: alternativeNames, critical: false, value: sequence(...hosts.map(alternativeName)) }),
    ],
  })
}

/** Whether less than a part of its life is left. */
export const isWorn = ({
  certificate,
  now,
  part,
}: {
  readonly certificate: string
  readonly now: number
  readonly part: number
}): boolean => {
  const { validFrom, validTo } = new X509Certificate(certificate)
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
  return to - now < (to - from) * part
}

const certified = ({
  subject,
  issuer,
  now,
  validMs,
  keys: { privateKey, publicKey },
  extensions,
}: {
  readonly subject: string
  readonly issuer: { readonly name: string; readonly key: KeyObject }
  readonly now: number
  readonly validMs: number
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  readonly extensions: readonly Buffer[]
}): CertifiedKey => {
  const algorithm = sequence(oid(ecdsaWithSha256))
  const body = sequence(
    tagged(0xa0, integer([2])),
    // The first byte keeps the number positive, and the serial is never zero.
    integer([0x40, ...randomBytes(15)]),
    algorithm,
    commonNameOf(issuer.name),
    sequence(time(now - earlierMs), time(now + validMs)),
    commonNameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  )
  const signature = createSign('sha256').update(body).sign(issuer.key)
  return {
    certificate: pem('CERTIFICATE', sequence(body, algorithm, tagged(0x03, Buffer.from([0]), signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const commonNameOf = (name: string): Buffer =>
  sequence(set(sequence(oid(commonName), tagged(0x0c, Buffer.from(name)))))

// Object identifiers as they are encoded.
const commonName = [0x55, 0x04, 0x03]
const basicConstraints = [0x55, 0x1d, 0x13]
const alternativeNames = [0x55, 0x1d, 0x11]
const ecdsaWithSha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]

const tagged = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content])
}
const lengthOf = (length: number): readonly number[] => {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}
const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts)
const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, ...parts)
const oid = (bytes: readonly number[]): Buffer => tagged(0x06, Buffer.from(bytes))
const integer = (bytes: readonly number[]): Buffer => tagged(0x02, Buffer.from(bytes))
/** UTCTime, which the standard demands before 2050: `YYMMDDhhmmssZ`. */
const time = (at: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))

const extension = ({
  id,
  critical,
  value,
}: {
  readonly id: readonly number[]
  readonly critical: boolean
  readonly value: Buffer
}): Buffer => sequence(oid(id), ...(critical ? [tagged(0x01, Buffer.from([0xff]))] : []), tagged(0x04, value))

const alternativeName = (host: string): Buffer => {
  if (isIPv4(host)) return tagged(0x87, Buffer.from(host.split('.').map(Number)))
  if (isIPv6(host)) throw new TypeError(`cannot certify "${host}": use a name or an IPv4 address`)
  return tagged(0x82, Buffer.from(host))
}

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END ${label}-----\n`
