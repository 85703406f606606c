// What a tool call may do to the outside world. What the user declared counts; what the server says of itself
// (annotations) can make the answer stricter and never milder, because servers lie.

import type { ToolEffect } from '../journal/record.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import { matchesTool } from './glob.ts'
import { trustIn } from './trust.ts'

export interface ToolAnnotations {
  readonly readOnlyHint?: boolean
  readonly idempotentHint?: boolean
  readonly destructiveHint?: boolean
}

const strictness: Record<ToolEffect, number> = { 'read-only': 0, idempotent: 1, write: 2 }

/**
 * `write` unless every matching declaration says better and no annotation contradicts it. Of a server in the sandbox
 * nothing is believed.
 */
export const toolEffect = ({
  policy,
  server,
  tool,
  annotations = {},
}: {
  readonly policy: EffectivePolicy
  readonly server: string
  readonly tool: string
  readonly annotations?: ToolAnnotations
}): ToolEffect => {
  if (trustIn(policy, server) === 'sandbox') return 'write'
  const declared = policy.tools.effects
    .filter(({ pattern }) => matchesTool(pattern, { server, tool }))
    .map(({ effect }) => tightened(effect, annotations))
  return declared.reduce<ToolEffect>(stricter, declared[0] ?? 'write')
}

const tightened = (
  effect: ToolEffect,
  { readOnlyHint, idempotentHint, destructiveHint }: ToolAnnotations,
): ToolEffect => {
  switch (effect) {
    case 'read-only':
      return readOnlyHint === false || destructiveHint === true ? 'write' : 'read-only'
    case 'idempotent':
      return idempotentHint === false ? 'write' : 'idempotent'
    case 'write':
      return 'write'
  }
}

export const stricter = (a: ToolEffect, b: ToolEffect): ToolEffect => (strictness[b] > strictness[a] ? b : a)
