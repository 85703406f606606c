// The authority that vouches for the admission servers of all replicas. It is kept in a Secret, so that whichever replica
// registers admission says the same, and the API server trusts every one of them.

import { X509Certificate } from 'node:crypto'
import { managedBy } from '../../domain/workload/agent-names.ts'
import { KubernetesApiError, type Resources } from '../../ports/resources.ts'
import { secrets, type Secret } from '../builtin-kinds.ts'
import { type CertifiedKey, isWorn, newAuthority } from './certificate.ts'

export interface Authority extends CertifiedKey {
  /** PEM of it and of those that it follows: servers that have not started anew since are still trusted. */
  readonly trusted: string
}

const secretName = 'kubeswarm-admission-authority'
const WORN = 0.1

/** The one that is there, or a new one where there is none, or its time is nearly over. */
export const sharedAuthority = async ({
  resources,
  namespace,
  now,
}: {
  readonly resources: Resources
  readonly namespace: string
  readonly now: number
}): Promise<Authority> => {
  for (;;) {
    const secret = await resources.get<Secret>(secrets, { namespace, name: secretName })
    const known = secret && authorityIn(secret)
    if (known !== undefined && !isWorn({ certificate: known.certificate, now, part: WORN })) return known
    const { certificate, key } = newAuthority({ now })
    const earlier =
      known === undefined ? [] : certificatesIn(known.trusted).filter((one) => isValid(one, now))
    const data = {
      'tls.crt': encoded([certificate, ...earlier].join('')),
      'tls.key': encoded(key),
    }
    try {
      // Of several that find none, or a worn one, the first one's holds.
      if (secret === undefined)
        await resources.create<Secret>(secrets, {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: secretName, namespace, labels: { ...managedBy } },
          type: 'kubernetes.io/tls',
          data,
        })
      else
        await resources.patch(
          secrets,
          { namespace, name: secretName },
          { metadata: { resourceVersion: secret.metadata.resourceVersion }, data },
        )
    } catch (error) {
      if (!(error instanceof KubernetesApiError) || error.status !== 409) throw error
    }
  }
}

const authorityIn = ({ data }: Secret): Authority | undefined => {
  const [trusted, key] = [decoded(data?.['tls.crt']), decoded(data?.['tls.key'])]
  const [certificate] = certificatesIn(trusted)
  return certificate === undefined || key === '' ? undefined : { certificate, key, trusted }
}

const certificatesIn = (bundle: string): readonly string[] =>
  (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) => `${pem}\n`)

const isValid = (certificate: string, now: number): boolean =>
  Date.parse(new X509Certificate(certificate).validTo) > now

const encoded = (text: string): string => Buffer.from(text).toString('base64')
const decoded = (text: string | null | undefined): string =>
  Buffer.from(text ?? '', 'base64').toString('utf8')
