/** The CEL library, loaded with the first rule: it takes a tenth of a server's start, and many servers have no rules. */
import { createRequire } from 'node:module'
import type { Environment, Optional } from '@marcbachmann/cel-js'
import type { Duration } from '@marcbachmann/cel-js/evaluator'

interface CelLibrary {
  readonly Environment: typeof Environment
  readonly Optional: typeof Optional
  readonly Duration: typeof Duration
}

let library: CelLibrary | undefined

export function celLibrary(): CelLibrary {
  if (library !== undefined) return library
  const require = createRequire(import.meta.url)
  const { Environment, Optional } = require('@marcbachmann/cel-js') as CelLibrary
  const { Duration } = require('@marcbachmann/cel-js/evaluator') as CelLibrary
  library = { Environment, Optional, Duration }
  return library
}
