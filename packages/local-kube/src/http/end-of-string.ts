/** Where a string in a JSON text ends. Looked for, not walked to: a text may be one string of megabytes. */

const BACKSLASH = 0x5c

/** The index of the closing quote of the string that begins before `from`; the length of the text when there is none. */
export function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0
    while (quote - escapes > from && text.charCodeAt(quote - escapes - 1) === BACKSLASH) escapes += 1
    if (escapes % 2 === 0) return quote
  }
  return text.length
}
