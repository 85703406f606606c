// Which characters of a text a person who reads it does not see, said once. Who takes them out and who shows them as
// something else asks here.

// ECMA-48: control sequences, operating system commands, and the shorter escapes.
const ESCAPES =
  // oxlint-disable-next-line no-control-regex -- terminal escapes begin with a control character
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])/g
const CONTROLS = /[\p{Control}--[\t\n]]/gv
// What Unicode lets show nothing by itself: zero-width characters, marks of direction, tags. The variation selectors
// that stay say how the sign before them looks; emoji are full of them.
const HIDDEN =
  // oxlint-disable-next-line no-misleading-character-class -- the selectors stand for themselves
  /[[\p{Control}\p{Default_Ignorable_Code_Point}]--[\t\n\uFE00-\uFE0F]]/gv

/** Without terminal escapes and control characters; tabs and line feeds stay. */
export const withoutControls = (text: string): string => text.replaceAll(ESCAPES, '').replaceAll(CONTROLS, '')

/** What a person sees of the text: without terminal escapes and hidden characters; tabs and line feeds stay. */
export const visible = (text: string): string => text.replaceAll(ESCAPES, '').replaceAll(HIDDEN, '')

/** Every hidden character, and every control character but tab and line feed, as `shownAs` shows it. */
export const showHidden = (text: string, shownAs: (character: string) => string): string =>
  text.replaceAll(HIDDEN, shownAs)
