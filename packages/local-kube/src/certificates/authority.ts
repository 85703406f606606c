/**
 * A certificate authority for one server: made once, kept in the directory when there is one. The library that writes
 * certificates is loaded only when one must be made.
 */
import type * as X509 from '@peculiar/x509'
import type { webcrypto } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'

export interface ServingCertificates {
  readonly caCertificate: string
  readonly certificate: string
  readonly key: string
  /** Makes another serving certificate of the same authority, for instance for a kubelet. */
  readonly issue: (request: {
    readonly commonName: string
    readonly hosts: readonly string[]
  }) => Promise<{ readonly certificate: string; readonly key: string }>
}

const FILES = {
  caCertificate: 'ca.crt',
  caKey: 'ca.key',
  certificate: 'server.crt',
  key: 'server.key',
} as const
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const YEAR = 365 * 24 * 3600 * 1000

async function loadX509(): Promise<typeof X509> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(globalThis.crypto)
  return x509
}

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', key))

const serial = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(15)))
    .toString('hex')
    .replace(/^/, '01')

async function createAuthority(): Promise<{ readonly certificate: string; readonly key: string }> {
  const x509 = await loadX509()
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=local-kube-ca',
    notBefore: new Date(Date.now() - 3600_000),
    notAfter: new Date(Date.now() + 10 * YEAR),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) }
}

async function issue(
  authority: { certificate: string; key: string },
  { commonName, hosts }: { readonly commonName: string; readonly hosts: readonly string[] },
): Promise<{ readonly certificate: string; readonly key: string }> {
  const x509 = await loadX509()
  const issuer = new x509.X509Certificate(authority.certificate)
  const der = Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const signingKey = await crypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${commonName}`,
    issuer: issuer.subject,
    notBefore: new Date(Date.now() - 3600_000),
    notAfter: new Date(Date.now() + 5 * YEAR),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }) as const),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) }
}

export async function openAuthority({
  directory,
  hosts,
}: {
  directory: string | undefined
  hosts: readonly string[]
}): Promise<ServingCertificates> {
  const read = (file: string): string => readFileSync(join(directory ?? '', file), 'utf8')
  const has = (file: string): boolean => directory !== undefined && existsSync(join(directory, file))
  const write = (file: string, text: string): void => {
    if (directory === undefined) return
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(join(directory, file), text, { mode: 0o600 })
  }
  const haveAuthority = has(FILES.caCertificate) && has(FILES.caKey)
  const authority = haveAuthority
    ? { certificate: read(FILES.caCertificate), key: read(FILES.caKey) }
    : await createAuthority()
  if (!haveAuthority) {
    write(FILES.caCertificate, authority.certificate)
    write(FILES.caKey, authority.key)
  }
  const haveServing = haveAuthority && has(FILES.certificate) && has(FILES.key)
  const serving = haveServing
    ? { certificate: read(FILES.certificate), key: read(FILES.key) }
    : await issue(authority, { commonName: 'local-kube', hosts })
  if (!haveServing) {
    write(FILES.certificate, serving.certificate)
    write(FILES.key, serving.key)
  }
  return { caCertificate: authority.certificate, ...serving, issue: (request) => issue(authority, request) }
}
