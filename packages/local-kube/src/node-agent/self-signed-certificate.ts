// A serving certificate for the node's own endpoint, made fresh at each start and signed by its own key, as a kubelet
// does. Just enough DER for one X.509 v3 certificate with subject alternative names; nothing is ever parsed here.

import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

export interface ServingCertificate {
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

const year = 365 * 24 * 3600 * 1000

export function selfSignedCertificate({
  commonName,
  addresses,
  names,
}: {
  readonly commonName: string
  /** IPv4. */
  readonly addresses: readonly string[]
  readonly names: readonly string[]
}): ServingCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const ecdsaWithSha256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
  const name = sequence(set(sequence(objectId(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(commonName)))))
  const alternatives = sequence(
    ...names.map((dns) => tagged(0x82, Buffer.from(dns))),
    ...addresses.map((address) => tagged(0x87, Buffer.from(address.split('.').map(Number)))),
  )
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    sequence(time(new Date(Date.now() - 3600_000)), time(new Date(Date.now() + 5 * year))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(sequence(objectId(0x55, 0x1d, 0x11), tagged(0x04, alternatives)))),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  const certificate = sequence(
    body,
    ecdsaWithSha256,
    tagged(0x03, Buffer.concat([Buffer.from([0]), signature])),
  )
  return {
    certificate: pem('CERTIFICATE', certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag, ...length(body.length)]), body])
}

function length(size: number): readonly number[] {
  if (size < 0x80) return [size]
  return size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
}

const sequence = (...content: readonly Buffer[]): Buffer => tagged(0x30, ...content)
const set = (...content: readonly Buffer[]): Buffer => tagged(0x31, ...content)
const objectId = (...bytes: readonly number[]): Buffer => tagged(0x06, Buffer.from(bytes))
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)

/** GeneralizedTime, which knows no turn of the century. */
const time = (date: Date): Buffer =>
  tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`))

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
