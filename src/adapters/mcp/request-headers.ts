// The headers a tool server's requests carry: its credential and its fixed headers, read anew for every request, so
// that a rotated secret is used at once. Each server gets only what its own setting names.

import { KubeswarmError } from '../../domain/error.ts'
import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'

/** The value of an environment variable that holds a secret. */
export type Credential = (envName: string) => string | undefined

export const requestHeaders = ({
  setting,
  credential,
}: {
  readonly setting: ToolServerSetting
  readonly credential: Credential
}): Readonly<Record<string, string>> => {
  const secret = (envName: string, what: string): string => {
    const value = credential(envName)?.trim()
    if (value === undefined || value === '') throw missing({ setting, envName, what })
    return value
  }
  const headers: Record<string, string> = {}
  for (const header of setting.headers) {
    headers[header.name] =
      'value' in header ? header.value : secret(header.valueFromEnv, `the value of header "${header.name}"`)
  }
  if (setting.auth !== undefined) {
    const { header, scheme, valueFromEnv } = setting.auth
    const value = secret(valueFromEnv, 'its credential')
    headers[header] = scheme === '' ? value : withScheme({ scheme, value })
  }
  return headers
}

/** `Token token=` and the like end in the sign that joins them to the value; others are words before it. */
const withScheme = ({ scheme, value }: { scheme: string; value: string }): string =>
  scheme.endsWith('=') ? `${scheme}${value}` : `${scheme} ${value}`

const missing = ({
  setting,
  envName,
  what,
}: {
  setting: ToolServerSetting
  envName: string
  what: string
}): KubeswarmError =>
  new KubeswarmError({
    code: 'ToolServerUnauthorized',
    message: `cannot use tool server "${setting.name}": ${what} is missing (${envName} is not set)`,
    remedy: 'check that the Secret the agent’s spec names exists and has that key',
  })
