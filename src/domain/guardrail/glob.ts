// Patterns of permissions: `grafana/*`, `*/delete_*`, `qwen*`, `*`. Matching never backtracks, so a pattern cannot be
// made slow by the text it meets. Case-sensitive and literal apart from `*`: look-alikes do not match.

/**
 * Whether `pattern` matches a tool. `*` matches within the server's name or within the tool's name; a lone `*`
 * matches everything. The first `/` of the pattern parts the two. A slash inside a tool's own name is part of that
 * name, so that `shell/*` also covers a tool called `run/as-root`.
 */
export const matchesTool = (
  pattern: string,
  { server, tool }: { readonly server: string; readonly tool: string },
): boolean => {
  if (isEverything(pattern)) return true
  const slash = pattern.indexOf('/')
  if (slash < 0) return false
  return matchesSegment(pattern.slice(0, slash), server) && matchesSegment(pattern.slice(slash + 1), tool)
}

/** Whether `pattern` matches a model's name. `*` stays within one `/`-segment; a lone `*` matches everything. */
export const matchesModel = (pattern: string, model: string): boolean => {
  if (isEverything(pattern)) return true
  const patterns = pattern.split('/')
  const segments = model.split('/')
  return (
    patterns.length === segments.length &&
    patterns.every((segment, index) => matchesSegment(segment, segments[index] ?? ''))
  )
}

const isEverything = (pattern: string): boolean => /^\*+$/.test(pattern)

// Leftmost placement of each literal piece is optimal when `*` is the only wildcard, so one pass is enough.
const matchesSegment = (pattern: string, text: string): boolean => {
  const pieces = pattern.split('*')
  const first = pieces[0] ?? ''
  if (pieces.length === 1) return pattern === text
  const last = pieces.at(-1) ?? ''
  if (text.length < first.length + last.length) return false
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const at = text.indexOf(piece, from)
    if (at < 0 || at + piece.length > end) return false
    from = at + piece.length
  }
  return true
}
