// What policies say to the output of a step, asked before it becomes one. Expressions run on a linear-time engine; one
// that cannot be read forbids every output, because nobody knows what it was meant to keep in.

import { RE2JS } from 're2js'
import { type Denied, describeRule } from './decision.ts'
import type { EffectivePolicy, OutputLevel } from './effective-policy.ts'
import { isLessThorough } from './policy-terms.ts'

/** Whether a step may run whose output is checked no further than `level`. */
export const stepDenied = ({
  policy,
  step,
  level,
}: {
  readonly policy: EffectivePolicy
  readonly step: string
  readonly level: OutputLevel
}): Denied | undefined => {
  const demand = policy.output?.minValidation
  if (demand === undefined || !isLessThorough(level, demand.level)) return undefined
  return {
    type: 'denied',
    reason: 'OutputUnchecked',
    rule: demand.source,
    message: `step "${step}" may not run: its output is checked by ${level === 'none' ? 'nothing' : level}, and ${describeRule(demand.source)} demands ${demand.level}`,
    remedy: remedies[demand.level],
  }
}

const remedies: Record<OutputLevel, string> = {
  none: '',
  pattern: 'give the step validate.contains, validate.rejectPatterns or outputSchema',
  schema: 'give the step outputSchema or validate.schema',
  semantic: 'this version cannot judge outputs by a model: have the policy ask for schema',
}

export const outputDenied = ({
  policy,
  output,
}: {
  readonly policy: EffectivePolicy
  readonly output: string
}): Denied | undefined => {
  for (const { pattern, source } of policy.output?.deny ?? []) {
    const rule = { ...source, pattern }
    const found = finds(pattern, output)
    if (found === false) continue
    return {
      type: 'denied',
      reason: 'OutputDenied',
      rule,
      // Not what was found: it may be the very secret.
      message:
        found === true
          ? `the output matches ${describeRule(rule)}, which no output may`
          : `the output cannot be checked: ${describeRule(rule)} is not a regular expression`,
    }
  }
  return undefined
}

const finds = (pattern: string, text: string): boolean | 'unreadable' => {
  try {
    return RE2JS.compile(pattern).matcher(text).find()
  } catch {
    return 'unreadable'
  }
}
