// A SwarmRun, beyond what its schema can say: whether it could start. A run that is already there is never refused for
// what has gone since: it must stay possible to cancel it.

import type { FieldError } from '../error.ts'
import type { SwarmRun, SwarmTeam } from '../../api/v1alpha1/index.ts'
import { takeSnapshot } from '../run/take-snapshot.ts'
import type { AdmissionContext } from './context.ts'
import { checkTeamSeparation } from './check-separation.ts'
import { checkReference } from './check-references.ts'
import { describeField } from './describe.ts'
import { all, errors, type Findings, noFindings } from './findings.ts'

/** A fault of the team is told at the field that names the team. */
const asFaultOfRun = (finding: FieldError): FieldError => {
  if (finding.path.startsWith('spec.input') || finding.path === 'spec.prompt') return finding
  const { remedy, ...fault } = finding
  return {
    path: 'spec.teamRef',
    message: `the team cannot run: ${describeField(fault)}`,
    ...(remedy === undefined ? {} : { remedy }),
  }
}

const couldStart = (run: SwarmRun, team: SwarmTeam, context: AdmissionContext): readonly FieldError[] => {
  // Where the context is not all there is, agents that are not in it are taken to be elsewhere.
  const elsewhere = context.complete
    ? []
    : (team.spec.roles ?? []).flatMap(({ swarmAgent }) => (swarmAgent === undefined ? [] : [swarmAgent]))
  const result = takeSnapshot({ run, team, agents: [...context.agents.keys(), ...elsewhere] })
  return result.type === 'invalid' ? result.errors.map(asFaultOfRun) : []
}

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
  const { teamRef, agent, prompt, roles, pipeline } = run.spec
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
    errors(team === undefined ? [] : couldStart(run, team, context)),
    // A run with roles or steps of its own is a team of its own; whose team it changes was judged already.
    team !== undefined && (roles !== undefined || pipeline !== undefined)
      ? checkTeamSeparation({
          team: {
            ...team.spec,
            ...(roles === undefined ? {} : { roles }),
            ...(pipeline === undefined ? {} : { pipeline }),
          },
          oldTeam: team.spec,
          context,
        })
      : noFindings,
  ])
}
