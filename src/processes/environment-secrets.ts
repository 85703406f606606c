// The secrets an agent's process can be asked to give away: what its environment holds under a name that says so, and
// the credentials of its tool servers, whatever they are called.

import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import type { ToolServerSetting } from '../domain/workload/agent-environment.ts'

export const environmentSecrets = ({
  environment,
  toolServers,
}: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly toolServers: readonly ToolServerSetting[]
}): readonly KnownSecret[] => {
  const credentials = new Set(
    toolServers.flatMap(({ auth, headers }) => [
      ...(auth === undefined ? [] : [auth.valueFromEnv]),
      ...headers.flatMap((header) => ('valueFromEnv' in header ? [header.valueFromEnv] : [])),
    ]),
  )
  return Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value.trim() !== '' && (credentials.has(name) || secretName.test(name))
      ? [{ name, value: value.trim() }]
      : [],
  )
}

const secretName =
  /(?:^|_)(?:API_?)?(?:KEY|KEYS|TOKEN|SECRET|PASS|PASSWD|PASSWORD|PASSPHRASE|CREDENTIALS?|DSN|WEBHOOK_URL|DATABASE_URL|CONNECTION_STRING)$/i
