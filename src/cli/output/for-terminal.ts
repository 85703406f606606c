// Text of unknown origin on a terminal: on one line, and without characters that would move the cursor, hide text or
// turn its direction. They are shown as symbols.

const LINE_BREAKS = /\r\n|[\r\n\u2028\u2029]/g
// oxlint-disable-next-line no-control-regex -- control characters are what it finds
const CONTROLS = /[\u0000-\u001F\u007F]/g
const HIDDEN = /[\u0080-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g

export const forTerminal = (text: string): string =>
  text.replaceAll(LINE_BREAKS, '␤').replaceAll(CONTROLS, pictureOf).replaceAll(HIDDEN, '␥')

/** Unicode has a picture for each of them, in the same order; that of DEL stands apart. */
const pictureOf = (control: string): string =>
  control === '\u007F' ? '␡' : String.fromCodePoint(0x2400 + control.charCodeAt(0))
