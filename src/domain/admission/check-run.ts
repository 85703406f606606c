// A SwarmRun, beyond what its schema can say: what it names exists, and its input is what the team asks for. A run
// that is already there is never refused for what has gone since: it must stay possible to cancel it.

import type { SwarmRun } from '../../api/v1alpha1/index.ts'
import type { AdmissionContext } from './context.ts'
import { checkReference } from './check-references.ts'
import { checkRunInput } from './check-input.ts'
import { all, errors, type Findings, noFindings } from './findings.ts'

export const checkRun = ({
  run,
  oldRun,
  context,
}: {
  readonly run: SwarmRun
  readonly oldRun: SwarmRun | undefined
  readonly context: AdmissionContext
}): Findings => {
  if (oldRun !== undefined) return noFindings
  const { teamRef, agent, prompt, input } = run.spec
  const team = teamRef === undefined ? undefined : context.teams.get(teamRef)
  return all([
    checkReference({ kind: 'SwarmTeam', name: teamRef, path: 'spec.teamRef', context, strict: true }),
    checkReference({ kind: 'SwarmAgent', name: agent, path: 'spec.agent', context, strict: true }),
    errors(
      agent !== undefined && (prompt ?? '').trim() === ''
        ? [
            {
              path: 'spec.prompt',
              message: `SwarmAgent "${agent}" is given no task`,
              remedy: 'Write the task in spec.prompt.',
            },
          ]
        : [],
    ),
    errors(team === undefined ? [] : checkRunInput({ team, input })),
  ])
}
