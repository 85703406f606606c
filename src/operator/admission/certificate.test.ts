import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { isWorn, newAuthority, servingCertificate } from './certificate.ts'

const now = Date.now()
const yearMs = 365 * 24 * 3_600_000

test('a serving certificate is issued by its authority, and valid for its hosts and for now', () => {
  const authority = newAuthority({ now })
  const hosts = ['127.0.0.1', 'hook.kubeswarm-system.svc']
  const read = new X509Certificate(servingCertificate({ authority, hosts, now }).certificate)
  const issuer = new X509Certificate(authority.certificate)
  expect(issuer.ca).toBe(true)
  expect(issuer.verify(issuer.publicKey)).toBe(true)
  expect(read.ca).toBe(false)
  expect(read.checkIssued(issuer)).toBe(true)
  expect(read.verify(issuer.publicKey)).toBe(true)
  expect(read.checkIssued(new X509Certificate(newAuthority({ now }).certificate))).toBe(false)
  expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(read.checkHost('hook.kubeswarm-system.svc')).toBe('hook.kubeswarm-system.svc')
  expect(read.checkHost('other.svc')).toBeUndefined()
  expect(Date.parse(read.validFrom)).toBeLessThan(now)
  expect(Date.parse(read.validTo)).toBeGreaterThan(now)
})

test('a certificate is worn when less than the part of its life is left', () => {
  const { certificate } = servingCertificate({ authority: newAuthority({ now }), hosts: ['a'], now })
  expect(isWorn({ certificate, now, part: 0.5 })).toBe(false)
  expect(isWorn({ certificate, now: now + 0.6 * yearMs, part: 0.5 })).toBe(true)
  expect(isWorn({ certificate, now: now + 2 * yearMs, part: 0.5 })).toBe(true)
})
