/**
 * What a body may be, beyond its bytes: everybody waits while an object is read, checked and compared, so neither its
 * depth nor the number of its values is left to the client.
 */
import type { JsonValue } from '../json.ts'
import { DEEPEST, MOST_VALUES } from '../limits.ts'
import { badRequest, entityTooLarge } from '../status-error.ts'
import type { StatusError } from '../status-error.ts'
import { endOfString } from './end-of-string.ts'

const tooDeep = (): StatusError => badRequest(`the body is nested deeper than ${DEEPEST} levels`)
export const tooManyValues = (): StatusError =>
  entityTooLarge(`the body holds too many values: limit is ${MOST_VALUES}`)

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a

/** Looks at the text of a JSON body before it is parsed. Throws what its client should read. */
export function checkJsonText(text: string): void {
  let depth = 0
  let values = 0
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at + 1)
        break
      case 0x5b:
      case 0x7b:
        depth += 1
        if (depth > DEEPEST) throw tooDeep()
        break
      case 0x5d:
      case 0x7d:
        depth -= 1
        break
      case COMMA:
      case COLON:
        values += 1
        if (values > 2 * MOST_VALUES) throw tooManyValues()
        break
      default:
    }
  }
}

/** The same for what came in another form, and for what patches have made of it. */
export function checkValue(value: JsonValue): void {
  let values = 0
  const visit = (current: JsonValue | undefined, depth: number): void => {
    values += 1
    if (values > MOST_VALUES) throw tooManyValues()
    if (typeof current !== 'object' || current === null) return
    if (depth === DEEPEST) throw tooDeep()
    for (const child of Object.values(current)) visit(child, depth + 1)
  }
  visit(value, 0)
}
