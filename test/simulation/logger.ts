// What a simulated process logs, in the trace of a replay.

import type { Logger } from '../../src/ports/logger.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'
import { silentLogger } from '../../src/ports/silent-logger.ts'

export const loggerOf = (world: World, process: SimulatedProcess): Logger => {
  if (world.trace === undefined) return silentLogger
  const said = (fields: object, message: string): void => {
    const text = Object.entries(fields)
      .filter(([name]) => ['code', 'error', 'err', 'key', 'reason', 'task', 'fence', 'turn'].includes(name))
      .map(([name, value]) => `${name}=${value instanceof Error ? value.message : JSON.stringify(value)}`)
      .join(' ')
    world.say(`  ${process.name}: ${message} ${text}`)
  }
  return { debug: () => undefined, info: said, warn: said, error: said }
}
