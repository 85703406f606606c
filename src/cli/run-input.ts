// Inputs of a run as people give them on the command line.

import { readFileSync } from 'node:fs'
import { KubeswarmError } from '../domain/error.ts'

/** The reader of `--input key=value`; `key=@FILE` reads a file. */
export const collectInput = (
  value: string,
  previous: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const at = value.indexOf('=')
  if (at < 1)
    throw new KubeswarmError({
      code: 'Usage',
      message: `--input "${value}" is not key=value`,
      remedy: "--input alert='High error rate on payments-api'",
    })
  const text = value.slice(at + 1)
  return {
    ...previous,
    [value.slice(0, at)]: text.startsWith('@')
      ? readTextFile(text.slice(1), `--input ${value.slice(0, at)}`)
      : text,
  }
}

export const readTextFile = (path: string, what: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new KubeswarmError({
      code: missing ? 'NotFound' : 'InvalidInput',
      message: `cannot read the file of ${what}: ${missing ? `"${path}" does not exist` : (cause as Error).message}`,
      remedy: 'check the path',
      cause,
    })
  }
}
