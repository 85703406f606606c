// What a check finds. Errors refuse the object; warnings let it pass and reach its author.

import type { FieldError } from '../error.ts'

export interface Findings {
  readonly errors: readonly FieldError[]
  readonly warnings: readonly FieldError[]
}

export const noFindings: Findings = { errors: [], warnings: [] }

export const errors = (found: readonly FieldError[]): Findings => ({ errors: found, warnings: [] })
export const warnings = (found: readonly FieldError[]): Findings => ({ errors: [], warnings: found })

export const all = (findings: readonly Findings[]): Findings => ({
  errors: findings.flatMap((each) => each.errors),
  warnings: findings.flatMap((each) => each.warnings),
})
