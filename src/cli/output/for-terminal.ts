// Text of unknown origin on a terminal: on one line, and without characters that would move the cursor, hide text or
// turn its direction. They are shown as symbols.

import { showHidden } from '../../domain/hidden-characters.ts'

const LINE_BREAKS = /\r\n|[\r\n\u2028\u2029]/g

export const forTerminal = (text: string): string =>
  showHidden(text.replaceAll(LINE_BREAKS, '␤').replaceAll('\t', '␉'), symbolOf)

/** Unicode has a picture for each C0 control, in the same order; that of DEL stands apart. */
const symbolOf = (hidden: string): string => {
  if (hidden === '\u007F') return '␡'
  return hidden < ' ' ? String.fromCodePoint(0x2400 + hidden.charCodeAt(0)) : '␥'
}
