// A logger for what nobody is to read of: rehearsals, simulations, and tests that look elsewhere.

import type { Logger } from './logger.ts'

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
