// JSON lines on standard output: constant messages, times in RFC 3339, levels by name.

import { pino } from 'pino'
import type { Logger } from '../ports/logger.ts'

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const

export const createLogger = ({ level, name }: { readonly level: string; readonly name: string }): Logger =>
  pino({
    name,
    level: levels.find((known) => known === level.toLowerCase()) ?? 'info',
    base: null,
    messageKey: 'msg',
    timestamp: () => `,"ts":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  })
