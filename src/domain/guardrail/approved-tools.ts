// What was approved of a tool server, against what it offers. The pin in the agent's spec decides; the digests of the
// single tools stand in an annotation, so that a difference can be named. They are believed only while they add up to
// the pin.

import { joinPath } from '../../api/field-path.ts'
import type { SwarmAgent } from '../../api/v1alpha1/index.ts'
import { definitionDigest, digestOfAll, toolsetDigest } from './toolset.ts'

/** On a SwarmAgent: JSON, by server, of tool names and the digests of their approved definitions. */
export const approvedToolsAnnotation = 'kubeswarm.io/approved-tools'

type Definition = Parameters<typeof definitionDigest>[0]

type Digests = Readonly<Record<string, string>>

export interface ToolChange {
  readonly type: 'added' | 'removed' | 'changed'
  readonly tool: string
}

export type Approval =
  /** Nobody approved anything: whatever it offers is used. */
  | { readonly type: 'unpinned' }
  | { readonly type: 'approved' }
  | {
      readonly type: 'changed'
      /** The pin. */
      readonly approved: string
      /** By tool name; undefined where it is not known what the pin stands for. */
      readonly changes: readonly ToolChange[] | undefined
    }

export const approvalOf = ({
  agent,
  server,
  definitions,
}: {
  readonly agent: SwarmAgent
  readonly server: string
  /** All that the server offers. */
  readonly definitions: readonly Definition[]
}): Approval => {
  const pin = pinIn(agent.spec.tools, server)?.digest
  if (pin === undefined) return { type: 'unpinned' }
  if (pin === toolsetDigest(definitions)) return { type: 'approved' }
  const approved = recordIn(agent)[server]
  const isKnown = approved !== undefined && digestOfAll(Object.values(approved)) === pin
  return { type: 'changed', approved: pin, changes: isKnown ? changesOf(approved, definitions) : undefined }
}

/** The value of the annotation after these definitions have been approved; the agent's own where it says so already. */
export const approvedToolsWith = ({
  agent,
  server,
  definitions,
}: {
  readonly agent: SwarmAgent
  readonly server: string
  readonly definitions: readonly Definition[]
}): string => {
  const known = recordIn(agent)
  const isOwn = (agent.spec.tools?.mcp ?? []).map(({ name }) => name)
  const others = Object.entries(known).filter(([name]) => name !== server && isOwn.includes(name))
  const digests = definitions.map((definition) => [definition.name, definitionDigest(definition)] as const)
  const entries: readonly (readonly [string, Digests])[] = [
    ...others,
    [server, Object.fromEntries(digests.toSorted(([a], [b]) => (a < b ? -1 : 1)))],
  ]
  return JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

/** Where the pin of a server stands: beside the server, as its manifest says, or among the approvals. */
export const pinIn = (
  tools: SwarmAgent['spec']['tools'],
  server: string,
): { readonly digest: string; readonly field: string } | undefined => {
  const { mcp = [], pins = {} } = tools ?? {}
  const index = mcp.findIndex(({ name }) => name === server)
  const pin = mcp[index]?.pin
  if (pin !== undefined) return { digest: pin, field: `spec.tools.mcp[${index}].pin` }
  const digest = Object.hasOwn(pins, server) ? pins[server] : undefined
  return digest === undefined ? undefined : { digest, field: joinPath('spec.tools.pins', server) }
}

const changesOf = (approved: Digests, definitions: readonly Definition[]): readonly ToolChange[] => {
  const offered = Map.groupBy(definitions, ({ name }) => name)
  const names = [...new Set([...Object.keys(approved), ...offered.keys()])].toSorted()
  return names.flatMap((tool): readonly ToolChange[] => {
    const now = offered.get(tool)
    if (!Object.hasOwn(approved, tool)) return [{ type: 'added', tool }]
    if (now === undefined) return [{ type: 'removed', tool }]
    const isSame = now.length === 1 && now.every((each) => definitionDigest(each) === approved[tool])
    return isSame ? [] : [{ type: 'changed', tool }]
  })
}

/** Empty for what is not there and for what nobody can read: it only names differences. */
const recordIn = ({ metadata }: SwarmAgent): Readonly<Record<string, Digests>> => {
  const text = metadata.annotations?.[approvedToolsAnnotation]
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (!isRecord(value)) return {}
    return Object.fromEntries(
      Object.entries(value).flatMap(([server, digests]) => (isDigests(digests) ? [[server, digests]] : [])),
    )
  } catch {
    return {}
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isDigests = (value: unknown): value is Digests =>
  isRecord(value) && Object.values(value).every((digest) => typeof digest === 'string')
