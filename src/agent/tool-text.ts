// Text that came from a tool server, made fit to be stored and to be shown to a model: bounded, and without characters
// that a person reading along would not see. It stays untrusted data; nothing relies on what is removed here.

import { visible } from '../domain/hidden-characters.ts'
import { headOf } from '../domain/journal/stored-text.ts'

/** What the journal keeps of one result. */
const STORED_RESULT_BYTES = 256 * 1024
/** What a model sees of one result, unless the call's token limit forces less. */
export const SHOWN_RESULT_BYTES = 16 * 1024

/** The result as the journal keeps it. */
export const forJournal = (text: string): string => headAndTail(text, STORED_RESULT_BYTES)

/** The result as a model sees it: its head and tail in at most about `bytes`, with a note of what is missing. */
export const forModel = (text: string, bytes: number): string => headAndTail(visible(text), bytes)

const HEAD_SHARE = 0.7
const NOTE_BYTES = 128

const headAndTail = (text: string, bytes: number): string => {
  const whole = Buffer.byteLength(text)
  if (whole <= bytes) return text
  const room = bytes - NOTE_BYTES
  const head = headOf(text, Math.floor(room * HEAD_SHARE))
  const tail = tailOf(text, Math.floor(room * (1 - HEAD_SHARE)))
  const missing = whole - Buffer.byteLength(head) - Buffer.byteLength(tail)
  return `${head}\n[${missing} of ${whole} bytes are left out here; ask for less to see them]\n${tail}`
}

const tailOf = (text: string, bytes: number): string => {
  let from = Math.max(0, text.length - bytes)
  while (Buffer.byteLength(text.slice(from)) > bytes) from += Math.ceil((text.length - from) / 16)
  const unit = text.charCodeAt(from)
  const insidePair = unit >= 0xdc00 && unit <= 0xdfff
  return text.slice(insidePair ? from + 1 : from)
}
