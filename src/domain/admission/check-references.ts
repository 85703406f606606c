// Whether a named agent, team or settings exist. Objects may be applied in any order, so a missing one is a warning, except
// where the object would fail at once.

import { closestName } from '../closest-name.ts'
import type { FieldError } from '../error.ts'
import type { AdmissionContext } from './context.ts'
import { errors, type Findings, noFindings, warnings } from './findings.ts'
import { suggest } from './suggest.ts'

export const checkReference = ({
  kind,
  name,
  path,
  context,
  strict = false,
}: {
  readonly kind: 'SwarmAgent' | 'SwarmTeam' | 'SwarmSettings'
  readonly name: string | undefined
  readonly path: string
  readonly context: AdmissionContext
  /** Refuse the object, where the context is all there is. */
  readonly strict?: boolean
}): Findings => {
  if (name === undefined) return noFindings
  const known = namesOf[kind](context)
  if (known.includes(name)) return noFindings
  const noun = nouns[kind]
  const near = closestName(name, known)
  const finding: FieldError = {
    path,
    message: context.complete
      ? `there is no ${kind} "${name}" in the namespace`
      : `there is no ${kind} "${name}" in these manifests`,
    remedy:
      context.complete || near !== undefined
        ? suggest({ wanted: name, known, noun })
        : 'It must be in the cluster before anything runs.',
  }
  return strict && context.complete ? errors([finding]) : warnings([finding])
}

const namesOf = {
  SwarmAgent: ({ agents }: AdmissionContext) => [...agents.keys()],
  SwarmTeam: ({ teams }: AdmissionContext) => [...teams.keys()],
  SwarmSettings: ({ settings }: AdmissionContext) => settings.map(({ metadata }) => metadata.name),
} as const
const nouns = { SwarmAgent: 'agents', SwarmTeam: 'teams', SwarmSettings: 'settings' } as const
