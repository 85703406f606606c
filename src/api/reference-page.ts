// The reference page of a kind, in Markdown, from the same schema that makes its CustomResourceDefinition.

import type { TSchema } from 'typebox'
import type { KindDefinition } from './definition.ts'
import type { StructuralSchema } from './crd.ts'
import { type NotYetEffective, notYetEffectiveFields } from './effective.ts'
import type { SwarmKind } from './v1alpha1/index.ts'

/** A node of the schema, with what only the page reads. */
interface Node extends StructuralSchema {
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node
  readonly items?: Node
  readonly 'x-alias-of'?: string
}

/** One field with its whole path. */
interface FieldRow {
  readonly path: string
  readonly type: string
  readonly required: boolean
  readonly default: unknown
  readonly limits: readonly string[]
  readonly description: string
  readonly effective: boolean
  readonly rules: readonly string[]
  /** Path of the field this one is another spelling of, relative to the object that holds both. */
  readonly aliasOf: string | undefined
}

const typeName = (node: Node): string => {
  if (node['x-kubernetes-int-or-string'] === true) return 'quantity'
  if (node.format === 'date-time') return 'time'
  if (node.items !== undefined) return `${typeName(node.items)} list`
  if (node.additionalProperties !== undefined) return `map of ${typeName(node.additionalProperties)}`
  return node.type ?? 'any'
}

const span = (noun: string, least: number | undefined, most: number | undefined): readonly string[] => {
  if (least === undefined && most === undefined) return []
  if (least === undefined) return [`at most ${most}${noun}`]
  if (most === undefined) return [`at least ${least}${noun}`]
  return [`${least} to ${most}${noun}`]
}

const limitsOf = (node: Node): readonly string[] => [
  ...(node.enum === undefined ? [] : [node.enum.map((value) => `\`${String(value)}\``).join(', ')]),
  ...span('', node.minimum, node.maximum),
  ...span(' characters', node.minLength === 1 ? undefined : node.minLength, node.maxLength),
  ...(node.minLength === 1 ? ['not empty'] : []),
  ...span(' items', node.minItems, node.maxItems),
  ...span(' entries', undefined, node.maxProperties),
  ...(node['x-kubernetes-list-map-keys'] === undefined
    ? []
    : [`each ${node['x-kubernetes-list-map-keys'].join('+')} once`]),
  ...(node.pattern === undefined || node['x-kubernetes-int-or-string'] === true
    ? []
    : [`\`${node.pattern}\``]),
]

const listed = (kind: SwarmKind): readonly string[] =>
  notYetEffectiveFields[kind].filter((entry: NotYetEffective) => typeof entry === 'string')

const covers = (listedPath: string, path: string): boolean =>
  path === listedPath || path.startsWith(`${listedPath}.`) || path.startsWith(`${listedPath}[`)

const collect = (kind: SwarmKind, node: Node, path: string, required: boolean): readonly FieldRow[] => {
  const row: FieldRow = {
    path,
    type: typeName(node),
    required,
    default: node.default,
    limits: limitsOf(node),
    description: node.description ?? '',
    effective: !listed(kind).some((other) => covers(other, path)),
    rules: [
      ...(node['x-kubernetes-validations'] ?? []),
      ...(node.items?.['x-kubernetes-validations'] ?? []),
    ].map(({ message }) => message),
    aliasOf: node['x-alias-of'],
  }
  const element = node.items ?? node.additionalProperties
  const [inner, innerPath] =
    element === undefined ? [node, path] : [element, node.items === undefined ? `${path}.*` : `${path}[]`]
  return [
    row,
    // An alias has the fields of what it stands for; they are listed there.
    ...(row.aliasOf === undefined
      ? Object.entries(inner.properties ?? {}).flatMap(([name, field]) =>
          collect(kind, field, `${innerPath}.${name}`, inner.required?.includes(name) ?? false),
        )
      : []),
  ]
}

/** Every field of a kind, spec first, in the order of the schema. */
const fieldRows = (definition: KindDefinition): readonly FieldRow[] => {
  const kind = definition.resource.kind as SwarmKind
  return [
    ...collect(kind, definition.spec as TSchema & Node, 'spec', definition.specRequired),
    ...collect(kind, definition.status as TSchema & Node, 'status', false),
  ]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const defaultCell = (value: unknown): string => (value === undefined ? '' : `\`${JSON.stringify(value)}\``)

const tableRow = ({
  path,
  type,
  required,
  default: fallback,
  limits,
  description,
  effective,
}: FieldRow): string =>
  [
    `\`${path}\``,
    `${type}${required ? ', required' : ''}`,
    defaultCell(fallback),
    limits.join('; '),
    `${description}${effective ? '' : ' *Accepted, not acted on yet.*'}`,
  ]
    .map(cell)
    .join(' | ')
    .replace(/^/, '| ')
    .concat(' |')

const table = (rows: readonly FieldRow[]): readonly string[] => [
  '| Field | Type | Default | Limits | Meaning |',
  '| --- | --- | --- | --- | --- |',
  ...rows.map(tableRow),
]

/** `spec.tools.mcp[].url` belongs to the section `spec.tools`. */
const sectionOf = (path: string): string => path.split(/[.[]/).slice(0, 2).join('.')

const grouped = (rows: readonly FieldRow[]): readonly (readonly [string, readonly FieldRow[]])[] => {
  const sections = Map.groupBy(rows, ({ path }) => sectionOf(path))
  const single = [...sections.values()].filter((section) => section.length === 1).flat()
  const several = [...sections].filter(([, section]) => section.length > 1)
  return [['', single], ...several]
}

const half = (title: string, rows: readonly FieldRow[]): readonly string[] => [
  `## ${title}`,
  '',
  ...grouped(rows.filter(({ aliasOf }) => aliasOf === undefined)).flatMap(([section, fields]) =>
    fields.length === 0 ? [] : [...(section === '' ? [] : [`### ${section}`, '']), ...table(fields), ''],
  ),
]

const generatedNote = '<!-- Generated by `npm run generate` from src/api. Do not edit. -->'

export const referencePage = (definition: KindDefinition): string => {
  const { resource, shortNames, description, columns } = definition
  const rows = fieldRows(definition)
  const spec = rows.filter(({ path }) => path.startsWith('spec'))
  const aliases = spec.filter(({ aliasOf }) => aliasOf !== undefined)
  const rules = spec.filter((row) => row.rules.length > 0)
  return [
    generatedNote,
    '',
    `# ${resource.kind}`,
    '',
    description,
    '',
    `\`apiVersion: ${resource.group}/${resource.version}\`, namespaced. \`kubectl get ${resource.plural}\`, short: ${shortNames.map((name) => `\`${name}\``).join(', ')}.`,
    '',
    `\`kubectl get\` prints ${columns
      .filter(({ priority }) => priority !== 1)
      .map(({ name }) => name)
      .join(', ')}; \`-o wide\` adds ${
      columns
        .filter(({ priority }) => priority === 1)
        .map(({ name }) => name)
        .join(', ') || 'nothing'
    }.`,
    '',
    ...half('Spec', spec),
    ...(rules.length === 0
      ? []
      : [
          '## Rules',
          '',
          ...rules.flatMap((row) => row.rules.map((rule) => `- \`${row.path}\`: ${rule}.`)),
          '',
        ]),
    ...(aliases.length === 0
      ? []
      : [
          '## Spellings accepted',
          '',
          'These are other spellings of the fields above. Both mean the same; set one of the two.',
          '',
          ...aliases.map(
            ({ path, aliasOf }) => `- \`${path}\` = \`${path.slice(0, path.lastIndexOf('.'))}.${aliasOf}\``,
          ),
          '',
        ]),
    ...half(
      'Status',
      rows.filter(({ path }) => path.startsWith('status')),
    ),
  ].join('\n')
}

/** One page for all kinds: what a manifest may say and nothing acts on. */
export const notYetEffectivePage = (kinds: readonly KindDefinition[]): string =>
  [
    generatedNote,
    '',
    '# Accepted, not acted on yet',
    '',
    'These fields are part of the API and a manifest that sets them applies. This version does nothing with them, and says so when it meets one: `swarm lint` and admission print a warning.',
    '',
    ...kinds.flatMap(({ resource }) => [
      `## ${resource.kind}`,
      '',
      ...notYetEffectiveFields[resource.kind as SwarmKind].map((entry) =>
        typeof entry === 'string'
          ? `- \`${entry}\``
          : `- \`${entry.path}\`: ${entry.values.map((value) => `\`${value}\``).join(', ')}`,
      ),
      '',
    ]),
  ].join('\n')

export const referenceIndex = (kinds: readonly KindDefinition[]): string =>
  [
    generatedNote,
    '',
    '# Reference',
    '',
    ...kinds.map(({ resource, singular, description }) =>
      `- [${resource.kind}](${singular}.md): ${description.split('. ')[0]}.`.replace('..', '.'),
    ),
    '',
    '[Fields that are accepted and not acted on yet](not-yet-effective.md)',
    '',
  ].join('\n')
