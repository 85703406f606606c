// The JSON value in an answer. Models like to put words or a code fence around what they were asked for.

import { parseJson } from '../template/value.ts'

const FENCE = '```'

/** The JSON value of an answer: the whole text, or its only fenced block. Undefined when there is none. */
export const jsonIn = (output: string): unknown => {
  const whole = jsonOrNothing(output)
  if (whole !== undefined) return whole
  const pieces = output.split(FENCE)
  if (pieces.length !== 3) return undefined
  const block = pieces[1] ?? ''
  return jsonOrNothing(block.slice(block.indexOf('\n') + 1))
}

const jsonOrNothing = (text: string): unknown => {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
