// The names a model sees for tools. Providers allow only `[a-zA-Z0-9_-]` and 64 characters, so `<server>/<tool>` gets
// an alias: readable where that is unambiguous (`grafana__query_logs`), with a digest where it is not. An alias is
// looked up in its table and never taken apart: `a__b` + `c` and `a` + `b__c` stay two tools.

import { createHash } from 'node:crypto'

export interface ToolName {
  readonly server: string
  readonly tool: string
}

export interface AliasTable {
  /** Undefined for a tool the table was not made for. */
  aliasOf(name: ToolName): string | undefined
  /** Exact match only: no trimming, no folding of case or look-alikes. */
  resolve(alias: string): ToolName | undefined
  readonly aliases: readonly string[]
}

const MAX_ALIAS = 64

/** The table for a set of tools. The same set gives the same aliases, in whatever order it comes. */
export const aliasTable = (names: readonly ToolName[]): AliasTable => {
  const tools = new Map(names.map((name) => [keyOf(name), name]))
  const wishes = Map.groupBy(tools.values(), readable)
  const byAlias = new Map<string, ToolName>()
  const byTool = new Map<string, string>()
  const give = (alias: string, name: ToolName): void => {
    byAlias.set(alias, { server: name.server, tool: name.tool })
    byTool.set(keyOf(name), alias)
  }
  for (const [wish, claimants] of wishes) {
    const [only] = claimants
    if (claimants.length === 1 && only !== undefined && wish.length <= MAX_ALIAS) give(wish, only)
  }
  const rest = [...tools].filter(([key]) => !byTool.has(key)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [key, name] of rest) {
    const digest = createHash('sha256').update(key).digest('hex')
    let length = 8
    while (byAlias.has(withDigest(name, digest, length))) length++
    give(withDigest(name, digest, length), name)
  }
  return {
    aliasOf: (name) => byTool.get(keyOf(name)),
    resolve: (alias) => byAlias.get(alias),
    aliases: [...byAlias.keys()],
  }
}

const keyOf = ({ server, tool }: ToolName): string => JSON.stringify([server, tool])

const legal = (text: string): string => text.replaceAll(/[^a-zA-Z0-9_-]/g, '_')

const readable = ({ server, tool }: ToolName): string => `${legal(server)}__${legal(tool)}`

const withDigest = (name: ToolName, digest: string, length: number): string =>
  `${readable(name).slice(0, MAX_ALIAS - length - 1)}_${digest.slice(0, length)}`
