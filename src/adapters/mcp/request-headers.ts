// The headers a tool server's requests carry: its credential and its fixed headers, read anew for every request, so
// that a rotated secret is used at once. Each server gets only what its own setting names.

import { KubeswarmError } from '../../domain/error.ts'
import type { SecretFile, ToolServerSetting } from '../../domain/workload/agent-environment.ts'

/** The text of a mounted secret; undefined where there is none. */
export type Credential = (file: SecretFile) => string | undefined

export const requestHeaders = ({
  setting,
  credential,
}: {
  readonly setting: ToolServerSetting
  readonly credential: Credential
}): Readonly<Record<string, string>> => {
  const secret = (file: SecretFile, what: string): string => {
    const value = credential(file)?.trim()
    if (value === undefined || value === '') throw missing({ setting, file, what })
    // A header of several lines would be several headers.
    if (/[\r\n\0]/.test(value)) throw missing({ setting, file, what: `${what}, on one line,` })
    return value
  }
  if (setting.mtls !== undefined)
    for (const file of [setting.mtls.certificate, setting.mtls.key])
      if ((credential(file) ?? '').trim() === '')
        throw missing({ setting, file, what: 'its client certificate' })
  const headers: Record<string, string> = {}
  for (const header of setting.headers) {
    headers[header.name] =
      'value' in header ? header.value : secret(header.valueFrom, `the value of header "${header.name}"`)
  }
  if (setting.auth !== undefined) {
    const { header, scheme, valueFrom } = setting.auth
    const value = secret(valueFrom, 'its credential')
    headers[header] = scheme === '' ? value : withScheme({ scheme, value })
  }
  return headers
}

/** `Token token=` and the like end in the sign that joins them to the value; others are words before it. */
const withScheme = ({ scheme, value }: { scheme: string; value: string }): string =>
  scheme.endsWith('=') ? `${scheme}${value}` : `${scheme} ${value}`

const missing = ({
  setting,
  file: { secret, key },
  what,
}: {
  setting: ToolServerSetting
  file: SecretFile
  what: string
}): KubeswarmError =>
  new KubeswarmError({
    code: 'ToolServerUnauthorized',
    message: `cannot use tool server "${setting.name}": ${what} is missing (Secret "${secret}", key "${key}")`,
    remedy: 'check that the Secret exists and has that key; a change reaches the pod within about a minute',
  })
