// The certificate that the admission server shows the API server. Self-signed and made anew at each start: the
// registration carries it, so nobody else has to trust it and nothing has to be kept. Just enough DER to write one
// X.509 v3 certificate with subject alternative names; nothing is ever parsed here.

import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'

export interface ServingCertificate {
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

const validMs = 365 * 24 * 3_600_000
/** The two machines' clocks may differ. */
const earlierMs = 3_600_000

export const servingCertificate = ({
  hosts,
  now,
}: {
  /** Names and addresses that it is valid for. */
  readonly hosts: readonly string[]
  readonly now: number
}): ServingCertificate => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = sequence(set(sequence(oid(commonName), tagged(0x0c, Buffer.from('kubeswarm-admission')))))
  const algorithm = sequence(oid(ecdsaWithSha256))
  const body = sequence(
    tagged(0xa0, integer([2])),
    // The first byte keeps the number positive, and the serial is never zero.
    integer([0x40, ...randomBytes(15)]),
    algorithm,
    subject,
    sequence(time(now - earlierMs), time(now + validMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      0xa3,
      sequence(
        extension({
          id: basicConstraints,
          critical: true,
          value: sequence(tagged(0x01, Buffer.from([0xff]))),
        }),
        extension({ id: alternativeNames, critical: false, value: sequence(...hosts.map(alternativeName)) }),
      ),
    ),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  const certificate = sequence(body, algorithm, tagged(0x03, Buffer.from([0]), signature))
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

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
