// Argument constraints: which values a call that is allowed by name may carry. Each constraint only narrows; a missing
// argument fails unless it is optional. Paths see own properties only.

import { RE2JS } from 're2js'
import type { ToolArguments } from './arguments.ts'
import { sameJson } from './canonical-json.ts'
import type { ArgumentConstraint, ToolConstraint } from './effective-policy.ts'
import { matchesTool } from './glob.ts'
import type { ToolName } from './tool-alias.ts'

export interface ConstraintViolation {
  readonly constraint: ToolConstraint
  readonly path: string
  /** What is wrong, without the argument's value: it may be a secret the model was talked into sending. */
  readonly message: string
}

/** The first constraint the arguments break, of those whose pattern matches the tool. */
export const constraintViolation = ({
  constraints,
  name,
  arguments: args,
  input,
}: {
  readonly constraints: readonly ToolConstraint[]
  readonly name: ToolName
  readonly arguments: ToolArguments
  readonly input: Readonly<Record<string, string>>
}): ConstraintViolation | undefined => {
  for (const constraint of constraints) {
    if (!matchesTool(constraint.pattern, name)) continue
    for (const rule of constraint.args) {
      const message = faultOf({ rule, args, input })
      if (message !== undefined) return { constraint, path: rule.path, message }
    }
  }
  return undefined
}

const faultOf = ({
  rule,
  args,
  input,
}: {
  readonly rule: ArgumentConstraint
  readonly args: ToolArguments
  readonly input: Readonly<Record<string, string>>
}): string | undefined => {
  const found = valueAt(args, rule.path)
  if (!found.present) return rule.optional ? undefined : `argument "${rule.path}" is missing`
  const { value } = found
  switch (rule.type) {
    case 'const':
      return sameJson(value, rule.value) ? undefined : `argument "${rule.path}" must be ${show(rule.value)}`
    case 'enum':
      return rule.values.some((allowed) => sameJson(value, allowed))
        ? undefined
        : `argument "${rule.path}" must be one of ${rule.values.map(show).join(', ')}`
    case 'pattern':
      return every(value, (item) => typeof item === 'string' && fullMatch(rule.pattern, item))
        ? undefined
        : `argument "${rule.path}" must match ${rule.pattern}`
    case 'maxLength':
      return every(value, (item) => typeof item === 'string' && Array.from(item).length <= rule.maxLength)
        ? undefined
        : `argument "${rule.path}" must be text of at most ${rule.maxLength} characters`
    case 'fromInput': {
      if (!Object.hasOwn(input, rule.input))
        return `the run has no input "${rule.input}" to bind "${rule.path}" to`
      const bound = input[rule.input]
      return every(value, (item) => (typeof item === 'number' ? String(item) : item) === bound)
        ? undefined
        : `argument "${rule.path}" must equal the run's input "${rule.input}"`
    }
  }
}

// Servers take lists where one would do (`incident_ids`). A list holds when each of its members does.
const every = (value: unknown, holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) ? value.length > 0 && value.every((item) => holds(item)) : holds(value)

const show = (value: unknown): string => JSON.stringify(value) ?? 'null'

const valueAt = (
  args: ToolArguments,
  path: string,
): { readonly present: true; readonly value: unknown } | { readonly present: false } => {
  let value: unknown = args
  for (const segment of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment))
      return { present: false }
    value = (value as Readonly<Record<string, unknown>>)[segment]
  }
  return { present: true, value }
}

// The whole value has to match: a pattern that forgot its anchors must not let a suffix through. A pattern that does
// not compile matches nothing.
const fullMatch = (pattern: string, text: string): boolean => {
  try {
    return RE2JS.compile(pattern).matches(text)
  } catch {
    return false
  }
}
