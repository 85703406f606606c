// Text for Slack. What agents and senders wrote is shown as it is: it can address nobody, link nowhere and hide
// nothing, and it ends where it must, between two characters.

import { showHidden } from '../hidden-characters.ts'

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Slack's three control characters. */
export const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => entities[sign] ?? sign)

// Within a word they say how letters and emoji join.
const joiners = /[\u200C\u200D]/

/** Hidden characters and halves of characters show as U+FFFD. */
const shown = (text: string): string =>
  showHidden(text.replaceAll('\r\n', '\n').toWellFormed(), (hidden) =>
    joiners.test(hidden) ? hidden : '\uFFFD',
  )

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Escaped text of at most `longest` characters, whole characters only; what was cut ends in `…`. */
export const slackText = (text: string, longest: number): string => {
  const clean = shown(text)
  // Looked at character by character only where it may be needed: segmenting is slow.
  const all = escaped(clean.slice(0, longest))
  if (clean.length <= longest && all.length <= longest) return all
  let result = ''
  for (const { segment } of segmenter.segment(clean.slice(0, longest))) {
    const piece = escaped(segment)
    if (result.length + piece.length > longest - 1) break
    result += piece
  }
  return `${result.trimEnd()}…`
}

/** Plain text objects are shown as they are, entities included: nothing is escaped in them. */
export const plainText = (text: string, longest: number): string => {
  const clean = shown(text).replaceAll(/\s+/g, ' ').trim()
  if (clean.length <= longest) return clean
  let result = ''
  for (const { segment } of segmenter.segment(clean.slice(0, longest))) {
    if (result.length + segment.length > longest - 1) break
    result += segment
  }
  return `${result.trimEnd()}…`
}

/** A block of code; a fence inside would end it early. */
export const slackCode = (text: string, longest: number): string =>
  `\`\`\`\n${slackText(text.replaceAll('```', "'''"), longest - 8)}\n\`\`\``
