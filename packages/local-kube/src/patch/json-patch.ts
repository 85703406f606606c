/** RFC 6902. A patch that cannot be applied is refused as a real API server refuses it. */
import { asString, clone, deepEqual, isObject, setOwn } from '../json.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { DEEPEST } from '../limits.ts'
import { StatusError, badRequest, entityTooLarge } from '../status-error.ts'

const refused = (message: string): StatusError =>
  new StatusError({ code: 422, reason: 'Invalid', message, details: {} })

const MOST_OPERATIONS = 10_000
const MOST_VALUES = 60_000
const MOST_WORK = 3_000_000

const countValues = (value: JsonValue | undefined): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, child) => sum + countValues(child), 1)
    : 1

const MESSAGE = 'the server rejected our request due to an error in our request'

function parsePointer(pointer: string): readonly string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw refused(MESSAGE)
  const parts = pointer.slice(1).split('/', DEEPEST + 1)
  // Nothing is that deep.
  if (parts.length > DEEPEST) throw refused(MESSAGE)
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function child(parent: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(parent)) return /^\d+$/.test(key) ? parent[Number(key)] : undefined
  return isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined
}

/** Works on a private copy, so changing in place is safe here. */
export function applyJsonPatch(document: JsonObject, patch: JsonValue): JsonObject {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    )
  if (patch.length > MOST_OPERATIONS) {
    throw entityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`,
    )
  }
  // Each operation may read the whole document, and each copy may double it.
  let values = countValues(document)
  if (patch.length * values > MOST_WORK) {
    throw entityTooLarge(
      `${patch.length} operations are too many for an object of ${values} values; send fewer at a time`,
    )
  }
  const root: JsonObject = { document: clone(document) }
  const locate = (pointer: string): { parent: JsonValue; key: string } => {
    const path = ['document', ...parsePointer(pointer)]
    const key = path.pop() ?? ''
    let parent: JsonValue | undefined = root
    for (const part of path) parent = child(parent, part)
    if (parent === undefined || (!isObject(parent) && !Array.isArray(parent))) throw refused(MESSAGE)
    return { parent, key }
  }
  const read = (pointer: string): JsonValue => {
    const { parent, key } = locate(pointer)
    const value = child(parent, key)
    if (value === undefined) throw refused(MESSAGE)
    return value
  }
  const add = (pointer: string, value: JsonValue): void => {
    const { parent, key } = locate(pointer)
    if (Array.isArray(parent)) {
      const index = key === '-' ? parent.length : Number(key)
      if (!Number.isInteger(index) || index < 0 || index > parent.length) throw refused(MESSAGE)
      parent.splice(index, 0, value)
    } else setOwn(parent as JsonObject, key, value)
  }
  const remove = (pointer: string): void => {
    const { parent, key } = locate(pointer)
    if (child(parent, key) === undefined) throw refused(MESSAGE)
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else delete (parent as JsonObject)[key]
  }
  for (const raw of patch) {
    if (!isObject(raw)) throw badRequest('json patch operations must be objects')
    const path = asString(raw['path'])
    const from = asString(raw['from'])
    switch (raw['op']) {
      case 'add':
        add(path, clone(raw['value'] ?? null))
        break
      case 'remove':
        remove(path)
        break
      case 'replace': {
        read(path)
        const { parent, key } = locate(path)
        if (Array.isArray(parent)) parent[Number(key)] = clone(raw['value'] ?? null)
        else setOwn(parent as JsonObject, key, clone(raw['value'] ?? null))
        break
      }
      case 'move': {
        const value = read(from)
        remove(from)
        add(path, value)
        break
      }
      case 'copy': {
        const value = read(from)
        values += countValues(value)
        if (values > MOST_VALUES) throw entityTooLarge('the copies of a JSON patch make the object too large')
        add(path, clone(value))
        break
      }
      case 'test':
        if (!deepEqual(child(locate(path).parent, locate(path).key) ?? null, raw['value'] ?? null))
          throw refused(MESSAGE)
        break
      default:
        throw badRequest(`Unexpected kind: ${JSON.stringify(raw['op'] ?? 'unknown')}`)
    }
  }
  const result = root['document']
  if (!isObject(result)) throw badRequest('the patch does not result in an object')
  return result
}
