/** A kubeconfig with one cluster, one user and one context. */
import { stringify } from 'yaml'

export function kubeconfig({
  url,
  caCertificate,
  token,
  namespace,
  name = 'local-kube',
}: {
  url: string
  caCertificate: string
  token: string
  namespace?: string | undefined
  name?: string
}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: url,
          ...(caCertificate === ''
            ? {}
            : { 'certificate-authority-data': Buffer.from(caCertificate).toString('base64') }),
        },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [
      { name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } },
    ],
    'current-context': name,
  })
}
