import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { servingCertificate } from './certificate.ts'

test('the certificate is its own authority, and valid for its hosts and for now', () => {
  const { certificate } = servingCertificate({
    hosts: ['127.0.0.1', 'hook.kubeswarm-system.svc'],
    now: Date.now(),
  })
  const read = new X509Certificate(certificate)
  expect(read.verify(read.publicKey)).toBe(true)
  expect(read.ca).toBe(true)
  expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(read.checkHost('hook.kubeswarm-system.svc')).toBe('hook.kubeswarm-system.svc')
  expect(read.checkHost('other.svc')).toBeUndefined()
  expect(Date.parse(read.validFrom)).toBeLessThan(Date.now())
  expect(Date.parse(read.validTo)).toBeGreaterThan(Date.now())
})
