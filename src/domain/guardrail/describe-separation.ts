// A meeting of the three, in words: where each comes in, which steps hand it on, and what would cut the path.

import type { Entrance, StepSeparation } from './separation.ts'
import type { ToolPower } from './tool-powers.ts'

/** `private data (grafana/*) → investigator → notifier` */
export const describeEntrance = (what: string, { path, by }: Entrance): string =>
  `${what} (${by === 'input' ? "the run's input" : namesOf(by)}) → ${path.join(' → ')}`

export const describeMeeting = (found: StepSeparation): string => {
  const ways = [
    ...(found.untrusted === undefined ? [] : [describeEntrance('untrusted words', found.untrusted)]),
    ...(found.private === undefined ? [] : [describeEntrance('private data', found.private)]),
  ]
  return `${ways.join('; ')}; ${found.step} → outside (${namesOf(found.writes)})`
}

/** What its author can do about it; the field is one of the agent's. */
export const remedyOf = ({ agent, writes }: StepSeparation): string => {
  const undeclared = writes.filter(isUndeclared)
  const declared = writes.filter((power) => !isUndeclared(power))
  const field = `SwarmAgent ${agent ?? '?'} spec.guardrails.tools`
  return [
    ...(undeclared.length === 0
      ? []
      : [
          `${field}.effects: say what ${namesOf(undeclared)} ${undeclared.length === 1 ? 'does' : 'do'}, undeclared counts as everything`,
        ]),
    ...(declared.length === 0
      ? []
      : [`${field}.constraints: fix where ${namesOf(declared)} may go, with const, enum or fromInput`]),
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

const namesOf = (powers: readonly ToolPower[]): string =>
  powers.map((power) => (isUndeclared(power) ? `${power.pattern}, undeclared` : power.pattern)).join('; ')
