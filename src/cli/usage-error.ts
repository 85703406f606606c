// What commander complains of, in the shape of all our errors: cause, remedy, code.

import type { Command } from 'commander'
import { errorLines } from './exit.ts'

/** Makes a command print its usage errors in our form. */
export const withUsageErrors = (command: Command, help: string): Command =>
  command
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(`${usageErrorLines(text, help).join('\n')}\n`)
      },
    })

/** From `error: unknown option '--outptu'` and, on a line of its own, `(Did you mean --output?)`. */
export const usageErrorLines = (text: string, help: string): readonly string[] => {
  const [complaint = '', ...rest] = text.trim().split('\n')
  const near = /\(Did you mean (?:one of )?(.+)\?\)/.exec(rest.join(' '))?.[1]
  return errorLines({
    message: complaint.replace(/^error: /, '').replaceAll("'", '"'),
    remedy: near === undefined ? help : `did you mean ${near}? ${help}`,
    code: 'Usage',
  })
}
