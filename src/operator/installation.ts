// What belongs to the installation as a whole: its namespace, and a secret that all replicas share, from which the
// delimiters of untrusted data are derived so that no text can guess them.

import { randomBytes } from 'node:crypto'
import { KubernetesApiError, type Resources } from '../ports/resources.ts'
import { managedBy } from '../domain/workload/agent-names.ts'
import { namespaces, secrets, type Secret } from './builtin-kinds.ts'

const secretName = 'kubeswarm-installation'
const saltKey = 'salt'

export const ensureInstallation = async ({
  resources,
  namespace,
}: {
  readonly resources: Resources
  readonly namespace: string
}): Promise<{ readonly salt: string }> => {
  const known = await readSalt(resources, namespace)
  if (known !== undefined) return { salt: known }
  // Where the operator may not create namespaces, it runs in one that exists.
  await resources
    .create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    .catch(unlessStatus(403, 409))
  const salt = randomBytes(32).toString('hex')
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace, labels: { ...managedBy } },
    type: 'Opaque',
    data: { [saltKey]: Buffer.from(salt).toString('base64') },
  }
  await resources.create(secrets, secret).catch(unlessStatus(409))
  // Of two replicas that start together the first one's salt holds.
  return { salt: (await readSalt(resources, namespace)) ?? salt }
}

const readSalt = async (resources: Resources, namespace: string): Promise<string | undefined> => {
  const secret = await resources.get<Secret>(secrets, { namespace, name: secretName })
  const encoded = secret?.data?.[saltKey]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}

const unlessStatus =
  (...statuses: readonly number[]) =>
  (error: unknown): void => {
    if (!(error instanceof KubernetesApiError && statuses.includes(error.status))) throw error
  }
