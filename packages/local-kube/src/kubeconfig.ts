/** A kubeconfig with one cluster, one user and one context, in YAML that needs no library to be written. */

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
  // A JSON text is a quoted scalar of YAML as well.
  const quoted = (text: string): string => JSON.stringify(text)
  const authority =
    caCertificate === ''
      ? []
      : [`      certificate-authority-data: ${Buffer.from(caCertificate).toString('base64')}`]
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `  - name: ${quoted(name)}`,
    '    cluster:',
    `      server: ${quoted(url)}`,
    ...authority,
    'users:',
    `  - name: ${quoted(name)}`,
    '    user:',
    `      token: ${quoted(token)}`,
    'contexts:',
    `  - name: ${quoted(name)}`,
    '    context:',
    `      cluster: ${quoted(name)}`,
    `      user: ${quoted(name)}`,
    ...(namespace === undefined ? [] : [`      namespace: ${quoted(namespace)}`]),
    `current-context: ${quoted(name)}`,
    '',
  ].join('\n')
}
