// From manifest text to objects, keeping where each field stands, so that an error can point at its line. Reads YAML
// as kubectl does; knows nothing of any kind's fields.

import { type Document, isMap, isNode, isScalar, LineCounter, parseAllDocuments, Scalar, visit } from 'yaml'
import type { KubernetesObject } from './resource.ts'
import { parsePath, type PathSegment } from './field-path.ts'

/** 1-based, as editors count. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface ManifestObject {
  readonly object: KubernetesObject
  /** File name, or whatever the caller calls the text. */
  readonly source: string
  /**
   * Where a field stands; where it is absent, the nearest object around it. With `within`, a position inside the
   * field's own text (a template).
   */
  readonly position: (path: string, within?: Position) => Position
}

export interface ManifestError extends Position {
  readonly source: string
  readonly message: string
  readonly remedy: string
}

export interface Manifests {
  readonly objects: readonly ManifestObject[]
  readonly errors: readonly ManifestError[]
  /** What others would read otherwise. */
  readonly warnings: readonly ManifestError[]
}

/** Bare words that kubectl reads as booleans and YAML 1.2 as text. */
const booleanWords: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
])

const readAsKubectlDoes = (document: Document): void => {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || node.type !== Scalar.PLAIN || typeof node.value !== 'string') return
      const value = booleanWords.get(node.value)
      if (value !== undefined) node.value = value
    },
  })
}

/** Names of fields that kubectl does not read as such: to YAML 1.1 they are booleans. */
const booleanKeys = (document: Document): readonly Scalar<string>[] => {
  const found: Scalar<string>[] = []
  visit(document, {
    Pair(_, { key }) {
      if (isScalar<string>(key) && key.type === Scalar.PLAIN && booleanWords.has(key.value)) found.push(key)
    },
  })
  return found
}

const remedies: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'Keep one of the two: the other would be lost.',
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_INDENT: 'Align the line with the lines around it.',
  MISSING_CHAR: 'Add what is missing, or put the text in quotes.',
  UNEXPECTED_TOKEN: 'Put the text in quotes, or align the line with the lines around it.',
  BLOCK_AS_IMPLICIT_KEY: 'Put the text in quotes: a colon and a space inside a text start a new field.',
  MULTILINE_IMPLICIT_KEY: 'Put a colon after the field name, or the text in quotes.',
}
const anyRemedy = 'Put the text in quotes, or align the line with the lines around it.'

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What every object must carry before anything else can be said about it. */
const missingIdentity = (value: unknown): { readonly path: string; readonly message: string } | undefined => {
  if (!isFields(value)) return { path: '', message: 'is not an object with apiVersion, kind and metadata' }
  const { apiVersion, kind, metadata } = value
  if (typeof apiVersion !== 'string') return { path: 'apiVersion', message: 'apiVersion is missing' }
  if (typeof kind !== 'string') return { path: 'kind', message: 'kind is missing' }
  if (kind === 'List' || (kind.endsWith('List') && Array.isArray(value['items']))) return undefined
  if (!isFields(metadata)) return { path: 'metadata', message: `${kind} has no metadata` }
  if (typeof metadata['name'] !== 'string' && typeof metadata['generateName'] !== 'string')
    return { path: 'metadata.name', message: `${kind} has no metadata.name` }
  return undefined
}

/** The innermost node on the way to a path. */
const nodeAt = (document: Document, segments: readonly PathSegment[]): unknown => {
  for (let length = segments.length; length > 0; length--) {
    const node: unknown = document.getIn(segments.slice(0, length), true)
    if (isNode(node) && node.range) return node
  }
  return document.contents
}

const positionWithin = (text: string, start: Position, node: unknown, within: Position): Position => {
  if (!isScalar(node)) return start
  if (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) {
    const line = start.line + within.line
    const first = text
      .split('\n')
      .slice(start.line)
      .find((candidate) => candidate.trim() !== '')
    const indent = first === undefined ? 0 : first.length - first.trimStart().length
    return { line, column: indent + within.column }
  }
  // Quoted or plain text may be folded over lines; the first line is exact, later ones are not worth guessing.
  if (within.line > 1) return start
  const quote = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE ? 1 : 0
  return { line: start.line, column: start.column + quote + within.column - 1 }
}

export const parseManifests = ({
  text,
  source,
}: {
  readonly text: string
  readonly source: string
}): Manifests => {
  const lines = new LineCounter()
  const objects: ManifestObject[] = []
  const errors: ManifestError[] = []
  const warnings: ManifestError[] = []
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  const addObject = (document: Document, value: unknown, prefix: readonly PathSegment[]): void => {
    const position = (path: string, within?: Position): Position => {
      const node = nodeAt(document, [...prefix, ...parsePath(path)])
      const start = positionOf(isNode(node) && node.range ? node.range[0] : 0)
      return within === undefined ? start : positionWithin(text, start, node, within)
    }
    const missing = missingIdentity(value)
    if (missing !== undefined) {
      errors.push({
        source,
        ...position(missing.path),
        message: missing.message,
        remedy: 'Every object starts with apiVersion, kind and metadata.name.',
      })
      return
    }
    const object = value as KubernetesObject & { readonly items?: unknown }
    if (Array.isArray(object.items) && object.kind.endsWith('List')) {
      object.items.forEach((item, index) => addObject(document, item, [...prefix, 'items', index]))
      return
    }
    objects.push({ object, source, position })
  }

  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false })
  for (const document of Array.isArray(documents) ? documents : []) {
    if (document.errors.length > 0) {
      for (const { code, message, pos } of document.errors)
        errors.push({
          source,
          ...positionOf(pos[0]),
          message: `cannot read YAML: ${message}`,
          remedy: remedies[code] ?? anyRemedy,
        })
      continue
    }
    if (document.contents === null || (isMap(document.contents) && document.contents.items.length === 0))
      continue
    if (isScalar(document.contents) && document.contents.value === null) continue
    readAsKubectlDoes(document)
    for (const key of booleanKeys(document))
      warnings.push({
        source,
        ...positionOf(key.range?.[0] ?? 0),
        message: `kubectl reads the field name ${key.value} as ${booleanWords.get(key.value)}`,
        remedy: `Put it in quotes: "${key.value}".`,
      })
    try {
      addObject(document, document.toJS(), [])
    } catch (error) {
      errors.push({
        source,
        ...positionOf(document.range[0]),
        message: `cannot read YAML: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Write the repeated part out, or use fewer aliases.',
      })
    }
  }
  return { objects, errors, warnings }
}
