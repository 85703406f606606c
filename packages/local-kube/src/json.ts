/** JSON values as the server holds them: stored objects are shared between readers and never changed in place. */

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue | undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {}
}

export function asString(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function asArray(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : []
}

export function clone<T extends JsonValue | undefined>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => clone(item)) as T
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) if (value[key] !== undefined) setOwn(copy, key, clone(value[key]))
  return copy as T
}

/** The list itself where nothing changes, so that what is large is copied only for a reason. */
export function mapped(
  list: JsonValue[],
  change: (item: JsonValue, index: number) => JsonValue,
): JsonValue[] {
  let copy: JsonValue[] | undefined
  for (const [index, item] of list.entries()) {
    const changed = change(item, index)
    if (changed === item && copy === undefined) continue
    copy ??= list.slice(0, index)
    copy.push(changed)
  }
  return copy ?? list
}

/** Assigns without ever reaching the prototype: a manifest may carry a key named `__proto__`. */
export function setOwn(target: JsonObject, key: string, value: JsonValue | undefined): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
    return
  }
  target[key] = value
}

export function deepEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a).filter((key) => a[key] !== undefined)
  if (keys.length !== Object.keys(b).filter((key) => b[key] !== undefined).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && deepEqual(a[key], b[key]))
}

/** Follows own properties only. */
export function valueAt(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let current = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

/** Returns a copy of `value` with `path` set; objects on the way are copied, never changed. */
export function withValueAt(
  value: JsonObject,
  path: readonly string[],
  leaf: JsonValue | undefined,
): JsonObject {
  const [key, ...rest] = path
  if (key === undefined) return value
  const copy = { ...value }
  if (rest.length > 0) setOwn(copy, key, withValueAt(asObject(value[key]), rest, leaf))
  else if (leaf === undefined) delete copy[key]
  else setOwn(copy, key, leaf)
  return copy
}
