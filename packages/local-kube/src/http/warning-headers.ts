// Warnings as the texts of `Warning` headers. Clients read their bytes as UTF-8; node:http writes one byte for each
// character and refuses control characters, so both are settled here, whatever a webhook has to say.

/** Characters of all warnings of one answer, as on a real API server: clients give up on headers that are too long. */
const MOST_CHARACTERS = 4 * 1024
/** What is left of each once all are longer than that. */
const SHORTENED = 256

export function warningHeaders(texts: Iterable<string>): readonly string[] {
  const warnings = Array.from(texts, (text) => Array.from(text))
  const total = warnings.reduce((sum, { length }) => sum + length, 0)
  if (total <= MOST_CHARACTERS) return warnings.map(warningHeader)
  const kept: string[] = []
  let written = 0
  for (const warning of warnings) {
    if (written >= MOST_CHARACTERS) break
    const shortened = warning.slice(0, SHORTENED)
    written += shortened.length
    kept.push(warningHeader(shortened))
  }
  return kept
}

function warningHeader(characters: readonly string[]): string {
  const quoted = characters
    .join('')
    // oxlint-disable-next-line no-control-regex -- a header may hold none of the characters it looks for
    .replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
  return `299 - "${Buffer.from(quoted, 'utf8').toString('latin1')}"`
}
