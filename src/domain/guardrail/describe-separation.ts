// A meeting of the three, in words: where each comes in, which steps hand it on, and what would cut the path.

import type { Entrance, StepSeparation } from './separation.ts'
import type { ToolPower } from './tool-powers.ts'

/** `private data (grafana/*) → investigator → notifier` */
const describeEntrance = (what: string, { path, by }: Entrance): string =>
  `${what} (${by === 'input' ? "the run's input" : namesOf(by)}) → ${path.join(' → ')}`

/** One line each: the ways in, and the way out. */
export const meetingLines = (found: StepSeparation): readonly string[] => [
  ...(found.untrusted === undefined ? [] : [describeEntrance('untrusted words', found.untrusted)]),
  ...(found.private === undefined ? [] : [describeEntrance('private data', found.private)]),
  `${found.step} → outside (${namesOf(found.writes)})`,
]

export const describeMeeting = (found: StepSeparation): string => meetingLines(found).join('; ')

/** What its author can do about it; the field is one of the agent's. */
export const remedyOf = ({ agent, writes }: StepSeparation): string => {
  const undeclared = writes.filter(isUndeclared)
  const declared = writes.filter((power) => !isUndeclared(power))
  const field = `SwarmAgent ${agent ?? '?'} spec.guardrails.tools`
  return [
    ...(undeclared.length === 0
      ? []
      : [
          `say in ${field}.effects what a call of ${listOf(undeclared)} does: undeclared counts as everything`,
        ]),
    ...(declared.length === 0
      ? []
      : [`fix in ${field}.constraints where ${listOf(declared)} may go: const, enum or fromInput`]),
  ].join('; ')
}

/** `untrusted + private + write`: which of the three come together, and whether the write is confined. */
export const scoreOf = ({ untrusted, private: priv, writes, confined }: StepSeparation): string => {
  const parts = [
    ...(untrusted === undefined ? [] : ['untrusted']),
    ...(priv === undefined ? [] : ['private']),
    ...(writes.length > 0 ? ['write'] : confined.length > 0 ? ['confined write'] : []),
  ]
  return parts.length === 0 ? 'nothing' : parts.join(' + ')
}

const isUndeclared = ({ effects }: ToolPower): boolean => effects.includes('undeclared')

/** `grafana/*; undeclared: shell/*` */
const namesOf = (powers: readonly ToolPower[]): string => {
  const undeclared = powers.filter(isUndeclared)
  const declared = powers.filter((power) => !isUndeclared(power))
  return [
    ...(declared.length === 0 ? [] : [listOf(declared)]),
    ...(undeclared.length === 0 ? [] : [`undeclared: ${listOf(undeclared)}`]),
  ].join('; ')
}

const listOf = (powers: readonly ToolPower[]): string => powers.map(({ pattern }) => pattern).join(', ')
