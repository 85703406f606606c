// Manifests may spell a few fields in two ways. Everything behind the API reads one: `oneSpelling` rewrites the others,
// once, where an object enters. The object in the cluster stays as its author wrote it.

import type { KubernetesObject } from './resource.ts'
import { formatPath, type PathSegment } from './field-path.ts'

/** A field that was written in its other spelling. */
interface SpellingNote {
  /** As it was written. */
  readonly path: string
  /** As everything behind the API knows it. */
  readonly canonical: string
}

interface OneSpelling<T> {
  readonly object: T
  readonly notes: readonly SpellingNote[]
}

type Fields = Readonly<Record<string, unknown>>
type Path = readonly PathSegment[]
type Note = (path: Path, canonical: Path) => void

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const without = (fields: Fields, ...keys: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)))

/** Rewrites one field and leaves the object untouched, the very same, when there is nothing to rewrite. */
const at = (fields: Fields, key: string, rewrite: (value: Fields) => Fields): Fields => {
  const value = fields[key]
  if (!isFields(value)) return fields
  const rewritten = rewrite(value)
  return rewritten === value ? fields : { ...fields, [key]: rewritten }
}

const each = (fields: Fields, key: string, rewrite: (item: Fields, index: number) => Fields): Fields => {
  const items: unknown = fields[key]
  if (!Array.isArray(items)) return fields
  const rewritten = items.map((item: unknown, index) => (isFields(item) ? rewrite(item, index) : item))
  return rewritten.every((item, index) => item === items[index]) ? fields : { ...fields, [key]: rewritten }
}

const rename = (fields: Fields, from: string, to: string, onRename: () => void): Fields => {
  if (fields[from] === undefined) return fields
  onRename()
  return { ...without(fields, from), [to]: fields[to] ?? fields[from] }
}

/** `{type: bearer, secretRef}` → `{bearer: {secretKeyRef}}`; the key stays open: `token`, or the only one. */
const bearerAuth = (tool: Fields, path: Path, note: Note): Fields =>
  at(tool, 'auth', (auth) => {
    const secretRef = auth['secretRef']
    if (!isFields(secretRef)) return auth
    note([...path, 'auth', 'secretRef'], [...path, 'auth', 'bearer', 'secretKeyRef'])
    return { ...without(auth, 'type', 'secretRef'), bearer: auth['bearer'] ?? { secretKeyRef: secretRef } }
  })

const mcpServers = (holder: Fields, path: Path, note: Note): Fields =>
  at(holder, 'tools', (tools) =>
    each(tools, 'mcp', (tool, index) => bearerAuth(tool, [...path, 'tools', 'mcp', index], note)),
  )

const infrastructureFields = ['apiKeyRef', 'envFrom', 'networkPolicy', 'plugins'] as const

const agentSpec = (spec: Fields, note: Note): Fields =>
  infrastructureFields.reduce<Fields>(
    (current, field) => {
      if (current[field] === undefined) return current
      note(['spec', field], ['spec', 'infrastructure', field])
      const infrastructure = isFields(current['infrastructure']) ? current['infrastructure'] : {}
      // The API server fills in `networkPolicy: default`, so that value says nothing against the other spelling.
      const inside = infrastructure[field] === 'default' ? undefined : infrastructure[field]
      return {
        ...without(current, field),
        infrastructure: { ...infrastructure, [field]: inside ?? current[field] },
      }
    },
    mcpServers(spec, ['spec'], note),
  )

const withRoles = (spec: Fields, note: Note): Fields =>
  each(spec, 'roles', (role, index) => mcpServers(role, ['spec', 'roles', index], note))

const policySpec = (spec: Fields, note: Note): Fields =>
  at(spec, 'models', (models) =>
    rename(
      rename(models, 'allow', 'allowed', () =>
        note(['spec', 'models', 'allow'], ['spec', 'models', 'allowed']),
      ),
      'deny',
      'denied',
      () => note(['spec', 'models', 'deny'], ['spec', 'models', 'denied']),
    ),
  )

const eventSpec = (spec: Fields, note: Note): Fields =>
  each(spec, 'targets', (target, index) =>
    rename(target, 'inputs', 'input', () =>
      note(['spec', 'targets', index, 'inputs'], ['spec', 'targets', index, 'input']),
    ),
  )

const settingsSpec = (spec: Fields, note: Note): Fields =>
  each(spec, 'fragments', (fragment, index) =>
    rename(fragment, 'content', 'text', () =>
      note(['spec', 'fragments', index, 'content'], ['spec', 'fragments', index, 'text']),
    ),
  )

const specOf = (kind: string): ((spec: Fields, note: Note) => Fields) => {
  switch (kind) {
    case 'SwarmAgent':
      return agentSpec
    case 'SwarmTeam':
    case 'SwarmRun':
      return withRoles
    case 'SwarmPolicy':
      return policySpec
    case 'SwarmEvent':
      return eventSpec
    case 'SwarmSettings':
      return settingsSpec
    default:
      return (spec) => spec
  }
}

/** The object with every field under its one name. Returns the very same object when it already is. */
export const oneSpelling = <T extends KubernetesObject>(object: T): OneSpelling<T> => {
  const notes: SpellingNote[] = []
  const note: Note = (path, canonical) =>
    notes.push({ path: formatPath(path), canonical: formatPath(canonical) })
  const rewritten = at(object as unknown as Fields, 'spec', (spec) => specOf(object.kind)(spec, note))
  return { object: rewritten as unknown as T, notes }
}

/** The path under which the author of the manifest knows a field. */
export const writtenPath = (notes: readonly SpellingNote[], path: string): string => {
  const note = notes.find(
    ({ canonical }) =>
      path === canonical || path.startsWith(`${canonical}.`) || path.startsWith(`${canonical}[`),
  )
  return note === undefined ? path : note.path + path.slice(note.canonical.length)
}
