// The secrets an agent's process can be asked to give away: what its environment holds under a name that says so, and
// the mounted credentials of its tool servers, as they are at this moment.

import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import type { SecretFile, ToolServerSetting } from '../domain/workload/agent-environment.ts'

export const heldSecrets = ({
  environment,
  toolServers,
  credential,
}: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly toolServers: readonly ToolServerSetting[]
  readonly credential: (file: SecretFile) => string | undefined
}): readonly KnownSecret[] => [
  ...Object.entries(environment).flatMap(([name, value]) =>
    secretName.test(name) ? [...known(name, value), ...passwordIn(name, value)] : passwordIn(name, value),
  ),
  ...toolServers.flatMap((setting) =>
    filesOf(setting).flatMap((file) => known(`Secret ${file.secret} ${file.key}`, credential(file))),
  ),
]

const known = (name: string, value: string | undefined): readonly KnownSecret[] =>
  value === undefined || value.trim() === '' ? [] : withLines(name, value.trim())

const LONG_LINE = 16

/** A key of several lines is also quoted line by line. */
const withLines = (name: string, value: string): readonly KnownSecret[] => [
  { name, value },
  ...value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= LONG_LINE && line !== value && !line.startsWith('-----'))
    .map((line) => ({ name, value: line })),
]

/** A URL may hold a password whatever its variable is called. */
const passwordIn = (name: string, value = ''): readonly KnownSecret[] => {
  const text = value.trim()
  if (!text.includes('@') || !URL.canParse(text)) return []
  const { password } = new URL(text)
  return password === '' ? [] : [{ name, value: password }]
}

/** A certificate and its authority are shown to everybody; the key is not. */
const filesOf = ({ auth, mtls, headers }: ToolServerSetting): readonly SecretFile[] => [
  ...(auth === undefined ? [] : [auth.valueFrom]),
  ...(mtls === undefined ? [] : [mtls.key]),
  ...headers.flatMap((header) => ('valueFrom' in header ? [header.valueFrom] : [])),
]

const secretName =
  /(?:^|_)(?:API_?)?(?:KEY|KEYS|TOKEN|SECRET|PASS|PASSWD|PASSWORD|PASSPHRASE|CREDENTIALS?|DSN|WEBHOOK_URL|DATABASE_URL|CONNECTION_STRING)$/i
