// A logger that adds the same fields to everything it says.

import type { Logger } from '../ports/logger.ts'

export const withFields = (log: Logger, fields: Readonly<Record<string, unknown>>): Logger => ({
  debug: (more, message) => log.debug({ ...fields, ...more }, message),
  info: (more, message) => log.info({ ...fields, ...more }, message),
  warn: (more, message) => log.warn({ ...fields, ...more }, message),
  error: (more, message) => log.error({ ...fields, ...more }, message),
})
