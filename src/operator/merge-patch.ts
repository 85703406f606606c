// The JSON merge patch that turns one JSON value into another. Empty when there is nothing to do, which is how the
// operator knows not to write.

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Arrays are replaced whole: a merge patch knows no other way. */
export const mergePatch = (from: unknown, to: unknown): Json => {
  const before = isObject(from) ? from : {}
  const after = isObject(to) ? to : {}
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(before)) if (after[key] === undefined) patch[key] = null
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue
    const old = before[key]
    if (isObject(old) && isObject(value)) {
      const inner = mergePatch(old, value)
      if (Object.keys(inner).length > 0) patch[key] = inner
    } else if (!equal(old, value)) patch[key] = value
  }
  return patch
}

export const isEmpty = (patch: Json): boolean => Object.keys(patch).length === 0

const equal = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, at) => equal(item, b[at]))
  if (isObject(a) && isObject(b)) return isEmpty(mergePatch(a, b))
  return a === b
}
