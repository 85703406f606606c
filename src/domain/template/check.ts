// A template against what will be known when it is rendered: unknown steps and inputs are found at admission, with
// their place and the nearest known name.

import { closestName } from '../closest-name.ts'
import { positionAt } from './ast.ts'
import type { Template, TemplateError } from './ast.ts'
import { referencesOf } from './references.ts'
import type { Reference } from './references.ts'

/** What lies below one root, for example `.steps`. */
export interface KnownRoot {
  /** What a name below this root is called in messages: `step`, `input`. */
  readonly noun: string
  /** Names below this root; absent: any. */
  readonly names?: readonly string[]
  /** Names that exist and cannot be used here, each with the reason and the remedy. */
  readonly unusable?: ReadonlyMap<string, { readonly message: string; readonly remedy: string }>
  /** An unknown name is no error where `default` or a test handles that it is missing. */
  readonly mayMiss?: boolean
  /** What each name has: `text` for a plain text, else its fields. Absent: anything. */
  readonly has?: 'text' | ReadonlyMap<string, 'text' | 'open'>
}

export type KnownData = ReadonlyMap<string, KnownRoot>

/** A root of which nothing is known beforehand, for example the body of a webhook. */
export const openRoot: KnownRoot = { noun: 'field' }

export const checkTemplate = ({
  template,
  known,
}: {
  readonly template: Template
  readonly known: KnownData
}): readonly TemplateError[] => {
  const errors: TemplateError[] = []
  for (const reference of referencesOf(template)) {
    const fault = checkReference(reference, known)
    if (fault !== undefined) errors.push({ ...fault, position: positionAt(template.text, reference.at) })
  }
  return errors
}

type Fault = Omit<TemplateError, 'position'>

const checkReference = ({ path, guarded }: Reference, known: KnownData): Fault | undefined => {
  const [rootName, name, field, ...rest] = path
  if (rootName === undefined) return undefined
  const root = known.get(rootName)
  if (root === undefined) {
    return unknown({
      what: `.${rootName}`,
      wanted: rootName,
      names: [...known.keys()],
      prefix: '.',
      list: 'there are',
    })
  }
  if (name === undefined) return undefined
  const { noun, names, unusable, mayMiss = false, has } = root
  const refused = unusable?.get(name)
  if (refused !== undefined) return refused
  if (names !== undefined && !names.includes(name)) {
    if (guarded && mayMiss) return undefined
    return unknown({
      what: `the ${noun} ${JSON.stringify(name)}`,
      wanted: name,
      names,
      list: `known ${noun}s are`,
    })
  }
  if (field === undefined || has === undefined) return undefined
  const whole = `.${rootName}.${name}`
  if (has === 'text') return { message: `${whole} is text and has no field ${JSON.stringify(field)}` }
  const kind = has.get(field)
  if (kind === undefined) {
    return unknown({
      what: `the field ${JSON.stringify(field)} of ${whole}`,
      wanted: field,
      names: [...has.keys()],
      list: `a ${noun} has`,
    })
  }
  if (kind === 'text' && rest.length > 0) {
    return {
      message: `${whole}.${field} is text and has no field ${JSON.stringify(rest[0])}`,
      ...(has.has('data')
        ? { remedy: `use ${whole}.data.${rest.join('.')} when the ${noun} answers in JSON` }
        : {}),
    }
  }
  return undefined
}

const unknown = ({
  what,
  wanted,
  names,
  prefix = '',
  list,
}: {
  readonly what: string
  readonly wanted: string
  readonly names: readonly string[]
  readonly prefix?: string
  readonly list: string
}): Fault => {
  const message = `${what} does not exist`
  const near = closestName(wanted, names)
  if (near !== undefined) return { message, remedy: `did you mean ${prefix}${near}?` }
  if (names.length === 0) return { message }
  return { message, remedy: `${list} ${names.map((name) => prefix + name).join(', ')}` }
}
