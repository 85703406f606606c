/** Label and field selectors as they stand in a query, and LabelSelector objects. */
import { asArray, asObject, asString, valueAt } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { badRequest } from '../status-error.ts'
import type { Resource } from './resource.ts'

export type Predicate = (object: JsonObject) => boolean

interface Requirement {
  readonly key: string
  readonly operator: 'in' | 'notin' | 'exists' | 'missing' | 'gt' | 'lt'
  readonly values: readonly string[]
}

function parseRequirements(text: string): readonly Requirement[] {
  const requirements: Requirement[] = []
  const word = /\s*([A-Za-z0-9][A-Za-z0-9_./-]*)\s*/y
  const fail = (at: number): never => {
    throw badRequest(`unable to parse requirement: found '${text.slice(at)}', in selector "${text}"`)
  }
  let at = 0
  const readWord = (): string => {
    word.lastIndex = at
    const match = word.exec(text)
    if (match === null) return fail(at)
    at = word.lastIndex
    return match[1] ?? ''
  }
  while (at < text.length) {
    while (text[at] === ' ') at += 1
    if (text[at] === '!') {
      at += 1
      requirements.push({ key: readWord(), operator: 'missing', values: [] })
    } else {
      const key = readWord()
      const rest = text.slice(at)
      const set = /^(in|notin)\s*\(([^)]*)\)\s*/.exec(rest)
      const compare = /^(==|=|!=|>|<)\s*([A-Za-z0-9_.-]*)\s*/.exec(rest)
      if (set) {
        at += set[0].length
        const values = (set[2] ?? '').split(',').map((value) => value.trim())
        requirements.push({ key, operator: set[1] === 'in' ? 'in' : 'notin', values })
      } else if (compare) {
        at += compare[0].length
        const operator =
          compare[1] === '!=' ? 'notin' : compare[1] === '>' ? 'gt' : compare[1] === '<' ? 'lt' : 'in'
        requirements.push({ key, operator, values: [compare[2] ?? ''] })
      } else {
        const next = /^[^\s,]+/.exec(rest)?.[0]
        if (next !== undefined)
          throw badRequest(
            `unable to parse requirement: found '${next}', expected: in, notin, =, ==, !=, gt, lt`,
          )
        requirements.push({ key, operator: 'exists', values: [] })
      }
    }
    if (at < text.length && text[at] !== ',') fail(at)
    at += 1
  }
  return requirements
}

function holds({ key, operator, values }: Requirement, labels: JsonObject): boolean {
  const value = Object.hasOwn(labels, key) ? asString(labels[key]) : undefined
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value)
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case 'missing':
      return value === undefined
    case 'gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'lt':
      return value !== undefined && Number(value) < Number(values[0])
  }
}

export function labelPredicate(text: string): Predicate {
  const requirements = parseRequirements(text)
  return (object) => {
    const labels = asObject(valueAt(object, 'metadata', 'labels'))
    return requirements.every((requirement) => holds(requirement, labels))
  }
}

/** The LabelSelector of an API object (`matchLabels`, `matchExpressions`). An empty one matches everything. */
export function labelSelectorMatches(selector: JsonValue | undefined, labels: JsonObject): boolean {
  const { matchLabels, matchExpressions } = asObject(selector)
  const equal = Object.entries(asObject(matchLabels)).every(([key, value]) => labels[key] === value)
  return (
    equal &&
    asArray(matchExpressions).every((raw) => {
      const expression = asObject(raw)
      const operators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'missing' } as const
      const operator = operators[asString(expression['operator']) as keyof typeof operators]
      return (
        operator !== undefined &&
        holds(
          { key: asString(expression['key']), operator, values: asArray(expression['values']).map(asString) },
          labels,
        )
      )
    })
  )
}

/** Writes a LabelSelector in the query form, as the scale subresource reports it. */
export function labelSelectorText(selector: JsonValue | undefined): string {
  const { matchLabels, matchExpressions } = asObject(selector)
  const equal = Object.entries(asObject(matchLabels)).map(([key, value]) => `${key}=${asString(value)}`)
  const sets = asArray(matchExpressions).map((raw) => {
    const { key, operator, values } = asObject(raw)
    const list = asArray(values).map(asString).join(',')
    if (operator === 'In') return `${asString(key)} in (${list})`
    if (operator === 'NotIn') return `${asString(key)} notin (${list})`
    return operator === 'Exists' ? asString(key) : `!${asString(key)}`
  })
  return [...equal, ...sets].sort().join(',')
}

export function fieldPredicate(text: string, resource: Resource): Predicate {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term)
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
      const [, field = '', operator, value = ''] = match
      const always = field === 'metadata.name' || (resource.namespaced && field === 'metadata.namespace')
      if (!always && !resource.fieldSelectors.includes(field)) {
        // Kinds without selectors of their own are told which every kind has.
        throw badRequest(
          resource.definition !== undefined && resource.fieldSelectors.length === 0
            ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
            : `field label not supported: ${field}`,
        )
      }
      // Core events offer `source` for what is kept in source.component.
      const path = field === 'source' ? ['source', 'component'] : field.split('.')
      return { path, equal: operator !== '!=', value }
    })
  return (object) =>
    terms.every(({ path, equal, value }) => {
      const found = valueAt(object, ...path)
      const actual =
        found === undefined || found === null ? (path[1] === 'unschedulable' ? 'false' : '') : String(found)
      return (actual === value) === equal
    })
}

export function selectorOf(query: URLSearchParams, resource: Resource): Predicate | undefined {
  const label = query.get('labelSelector') ?? ''
  const field = query.get('fieldSelector') ?? ''
  const predicates = [
    ...(label === '' ? [] : [labelPredicate(label)]),
    ...(field === '' ? [] : [fieldPredicate(field, resource)]),
  ]
  if (predicates.length === 0) return undefined
  return (object) => predicates.every((predicate) => predicate(object))
}
