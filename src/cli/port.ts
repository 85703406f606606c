// A port as people give it.

import { KubeswarmError } from '../domain/error.ts'

/** `from` is the option or the variable it was given in. */
export const portOf = (from: string, text: string): number => {
  const port = Number(text)
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new KubeswarmError({
    code: 'Usage',
    message: `${from} "${text}" is not a port`,
    remedy: 'a number from 0 (any free port) to 65535',
  })
}
