// Reads a sender's body field by field. A field that its preset cannot do without and that is not there is a fault
// with its path; one that may be absent is an empty text.

import { isList, isNumber, isObject, numberText } from '../template/value.ts'
import type { ObjectValue } from '../template/value.ts'

/** A body that is not what its preset says. */
export class Unfit extends Error {
  readonly path: string

  constructor(path: string, problem: string) {
    super(`.trigger.body.${path} ${problem}`)
    this.path = path
  }
}

export const at = (body: unknown, path: string): unknown => {
  let value = body
  for (const name of path.split('.')) {
    if (isList(value) && /^\d+$/.test(name)) value = value[Number(name)]
    else if (isObject(value) && Object.hasOwn(value, name)) value = value[name]
    else return undefined
  }
  return value
}

/** Throws `Unfit`. */
export const needed = (body: ObjectValue, path: string): string => {
  const value = at(body, path)
  if (value === undefined || value === null) throw new Unfit(path, 'is not in the data')
  if (typeof value !== 'string' && !isNumber(value)) throw new Unfit(path, 'is not a text')
  const text = told(body, path)
  if (text.trim() === '') throw new Unfit(path, 'is empty')
  return text
}

/** A text, or a number as text; empty for anything else. */
export const told = (body: unknown, path: string): string => {
  const value = at(body, path)
  if (typeof value === 'string') return value
  return isNumber(value) ? numberText(value) : ''
}

/** The first of them that is told. */
export const first = (body: unknown, ...paths: readonly string[]): string => {
  for (const path of paths) {
    const text = told(body, path)
    if (text.trim() !== '') return text
  }
  return ''
}

/** Throws `Unfit`. */
export const neededList = (body: ObjectValue, path: string): readonly ObjectValue[] => {
  const value = at(body, path)
  if (value === undefined || value === null) throw new Unfit(path, 'is not in the data')
  if (!isList(value)) throw new Unfit(path, 'is not a list')
  const [item] = value
  if (item === undefined) throw new Unfit(path, 'is an empty list')
  return value.map((each, index) => {
    if (!isObject(each)) throw new Unfit(`${path}.${index}`, 'is not an object')
    return each
  })
}

/** The members that are texts or numbers. */
export const labelsAt = (body: unknown, path: string): Readonly<Record<string, string>> => {
  const value = at(body, path)
  if (!isObject(value)) return {}
  return Object.fromEntries(
    Object.keys(value).flatMap((name) => {
      const member = value[name]
      if (typeof member === 'string') return [[name, member]]
      return isNumber(member) ? [[name, numberText(member)]] : []
    }),
  )
}
