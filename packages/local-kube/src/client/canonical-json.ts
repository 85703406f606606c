// JSON with sorted keys and without absent values: equal values have equal text, so it serves for comparing and hashing.

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([, entry]) => entry !== undefined && entry !== null)
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    )
  })
}

export const sameValue = (left: unknown, right: unknown): boolean =>
  canonicalJson(left) === canonicalJson(right)
