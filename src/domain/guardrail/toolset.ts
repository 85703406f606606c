// What a tool server offers, as a digest: of every definition what a model reads and what the gate relies on. A server
// that changes a word of it after somebody approved it is another server.

import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { type Denied, describeRule } from './decision.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import type { InputSchema } from './input-schema.ts'
import type { ToolAnnotations } from './tool-effect.ts'

interface Definition {
  readonly name: string
  readonly description: string
  readonly inputSchema: InputSchema
  readonly annotations?: ToolAnnotations
}

const digestOf = (value: unknown): string =>
  `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`

export const definitionDigest = ({ name, description, inputSchema, annotations = {} }: Definition): string =>
  digestOf({ name, description, inputSchema, annotations })

/** The same for the same tools, in whatever order they are listed. */
export const toolsetDigest = (definitions: readonly Definition[]): string =>
  digestOfAll(definitions.map(definitionDigest))

/** The digest of a set of definitions, from the digests of each. */
export const digestOfAll = (digests: readonly string[]): string => digestOf(digests.toSorted())

/** Whether a server that offers this may be used; undefined when it may. */
export const toolsetDenied = ({
  policy,
  server,
  digest,
}: {
  readonly policy: EffectivePolicy
  readonly server: string
  readonly digest: string
}): Denied | undefined => {
  const pin = policy.tools.pins?.[server]
  if (pin === undefined || pin.digest === digest) return undefined
  return {
    type: 'denied',
    reason: 'ToolDefinitionChanged',
    rule: pin.source,
    message: `server "${server}" offers other tools than ${describeRule(pin.source)} approves: ${digest} instead of ${pin.digest}`,
    remedy: `look at what it offers now (swarm mcp check); if that is wanted, approve it (swarm mcp approve), or set ${describeRule(pin.source)} to ${digest}`,
  }
}
