// Kubernetes field paths, `spec.tools.mcp[0].name`, as text and as segments. Keys that are not plain words stand in
// brackets: `metadata.labels[app.kubernetes.io/name]`.

export type PathSegment = string | number

const plainKey = /^[A-Za-z_][\w-]*$/

export const formatPath = (segments: readonly PathSegment[]): string =>
  segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number') return `${path}[${segment}]`
    if (!plainKey.test(segment)) return `${path}[${segment}]`
    return path === '' ? segment : `${path}.${segment}`
  }, '')

export const parsePath = (path: string): PathSegment[] =>
  [...path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([whole, bracketed]) => {
    if (bracketed === undefined) return whole
    return /^\d+$/.test(bracketed) ? Number(bracketed) : bracketed.replace(/^(["'])(.*)\1$/, '$2')
  })

export const joinPath = (path: string, ...segments: readonly PathSegment[]): string =>
  formatPath([...parsePath(path), ...segments])

/** The value at a path, or undefined where the path leads nowhere. */
export const valueAt = (value: unknown, segments: readonly PathSegment[]): unknown =>
  segments.reduce<unknown>(
    (inner, segment) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, segment)
        ? (inner as Record<PathSegment, unknown>)[segment]
        : undefined,
    value,
  )
