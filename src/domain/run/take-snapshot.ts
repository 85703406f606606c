// From the resources of a run to what it will do: taken once, when the run starts. Everything that can be known to be
// wrong by then (names, inputs, types, templates, cycles) is answered here, before a token is spent.

import { createHash } from 'node:crypto'
import { defaultMaxOutputBytes } from '../../api/v1alpha1/index.ts'
import type { SwarmRun, SwarmTeam, SwarmTeamPipelineStep, SwarmTeamSpec } from '../../api/v1alpha1/index.ts'
import { closestName } from '../closest-name.ts'
import type { FieldError } from '../error.ts'
import { canonicalJson } from '../guardrail/canonical-json.ts'
import { literalTemplate } from '../template/ast.ts'
import { checkPipeline, stepName } from './check-pipeline.ts'
import { outputRulesOf } from './output-rules.ts'
import { runInput } from './run-input.ts'
import { chainAnnotation } from '../trigger/runs-of-delivery.ts'
import type { RunSnapshot, StepPlan } from './snapshot.ts'
import { unsupportedParts } from './supported.ts'

export type SnapshotResult =
  | { readonly type: 'snapshot'; readonly snapshot: RunSnapshot; readonly snapshotHash: string }
  | { readonly type: 'invalid'; readonly reason: InvalidRunReason; readonly errors: readonly FieldError[] }

export type InvalidRunReason =
  'TeamNotFound' | 'AgentNotFound' | 'InvalidInput' | 'InvalidPipeline' | 'TemplateError' | 'NotSupported'

export interface TakeSnapshotRequest {
  readonly run: SwarmRun
  /** The team that `spec.teamRef` names, or undefined when there is none. */
  readonly team: SwarmTeam | undefined
  /** Names of the SwarmAgents in the run's namespace. */
  readonly agents: Iterable<string>
}

/** On runs that a SwarmEvent made: their input was written by the sender of the event. */
export const triggerLabel = 'kubeswarm/trigger'

export const takeSnapshot = ({ run, team, agents }: TakeSnapshotRequest): SnapshotResult => {
  const { teamRef, agent } = run.spec
  const known = [...agents]
  if (agent !== undefined && teamRef === undefined) return agentSnapshot(run, agent, known)
  if (teamRef === undefined) {
    const message = 'the run names neither a team nor an agent'
    return invalid('InvalidInput', [{ path: 'spec.teamRef', message, remedy: 'set teamRef or agent' }])
  }
  if (team === undefined) {
    const message = `there is no SwarmTeam ${JSON.stringify(teamRef)} in namespace ${JSON.stringify(namespaceOf(run))}`
    return invalid('TeamNotFound', [
      { path: 'spec.teamRef', message, remedy: 'kubectl get swarmteams shows those that exist' },
    ])
  }
  return teamSnapshot(run, team, known)
}

const agentSnapshot = (run: SwarmRun, agent: string, agents: readonly string[]): SnapshotResult => {
  const { prompt, input = {} } = run.spec
  if (!agents.includes(agent))
    return invalid('AgentNotFound', [missingAgent('spec.agent', agent, run, agents)])
  if (prompt === undefined || prompt.trim() === '') {
    const message = `the agent ${JSON.stringify(agent)} is given no task`
    return invalid('InvalidInput', [
      { path: 'spec.prompt', message, remedy: 'write the task in spec.prompt' },
    ])
  }
  const step: StepPlan = {
    name: agent,
    role: agent,
    agent,
    inputs: [{ name: 'prompt', template: literalTemplate(prompt) }],
    dependsOn: [],
    mustCall: [],
    maxOutputBytes: defaultMaxOutputBytes,
  }
  return sealed({
    kind: 'agent',
    ...commonParts(run),
    source: agent,
    steps: [step],
    input,
    ...limits(run.spec),
  })
}

const teamSnapshot = (run: SwarmRun, team: SwarmTeam, agents: readonly string[]): SnapshotResult => {
  const spec = specFor(run, team)
  const named = (errors: readonly FieldError[]): readonly FieldError[] =>
    errors.map((error) => ({
      ...error,
      message: `SwarmTeam ${JSON.stringify(team.metadata.name)}: ${error.message}`,
    }))

  const unsupported = unsupportedParts(spec)
  if (unsupported.length > 0) return invalid('NotSupported', named(unsupported))
  const faults = checkPipeline(spec)
  const structure = faults.filter(({ reason }) => reason === 'InvalidPipeline')
  if (structure.length > 0) return invalid('InvalidPipeline', named(structure.map(withoutReason)))
  const unknownAgents = (spec.roles ?? []).flatMap(({ swarmAgent }, index) =>
    swarmAgent === undefined || agents.includes(swarmAgent)
      ? []
      : [missingAgent(`spec.roles[${index}].swarmAgent`, swarmAgent, run, agents)],
  )
  if (unknownAgents.length > 0) return invalid('AgentNotFound', named(unknownAgents))
  if (faults.length > 0) return invalid('TemplateError', named(faults.map(withoutReason)))

  const given = runInput({ team: team.metadata.name, spec, given: run.spec.input ?? {} })
  if (given.type === 'invalid') return invalid('InvalidInput', given.errors)
  const { values, optional } = given
  // A team that declares no inputs takes any; what its templates read must then be in this run's.
  const names = [...Object.keys(values), ...optional]
  const unread = checkPipeline(spec, { inputs: { noun: 'input', has: 'text', names, mayMiss: true } })
  if (unread.length > 0)
    return invalid(
      'InvalidInput',
      unread.map((fault) => notGiven({ fault, team: team.metadata.name, given: names })),
    )

  const agentOf = new Map((spec.roles ?? []).map(({ name, swarmAgent }) => [name, swarmAgent ?? '']))
  const steps = (spec.pipeline ?? []).map((step): StepPlan => ({
    ...rulesOf(step),
    name: stepName(step),
    role: step.role,
    agent: agentOf.get(step.role) ?? '',
    inputs: templatesOf(step.inputs, names),
    dependsOn: step.dependsOn ?? [],
    ...(step.if === undefined ? {} : { if: step.if }),
    mustCall: step.mustCall ?? [],
    maxOutputBytes: step.maxOutputBytes ?? defaultMaxOutputBytes,
  }))
  return sealed({
    kind: 'team',
    ...commonParts(run),
    source: team.metadata.name,
    steps,
    input: values,
    ...(optional.length === 0 ? {} : { optionalInputs: optional }),
    ...(spec.output === undefined || spec.output === '' ? {} : { output: spec.output }),
    ...limits(spec),
  })
}

/** The team's spec, with what the run says in its place. */
const specFor = ({ spec: run }: SwarmRun, { spec: team }: SwarmTeam): SwarmTeamSpec => {
  const { roles, pipeline, output, routing, search, timeoutSeconds, maxTokens, defaultContextPolicy } = run
  const said = Object.entries({
    roles,
    pipeline,
    output,
    routing,
    search,
    timeoutSeconds,
    maxTokens,
    defaultContextPolicy,
  })
  return { ...team, ...Object.fromEntries(said.filter(([, value]) => value !== undefined)) }
}

const rulesOf = (step: SwarmTeamPipelineStep): Pick<StepPlan, 'outputRules'> => {
  const outputRules = outputRulesOf(step)
  return outputRules === undefined ? {} : { outputRules }
}

/** A step without inputs is given the run's. */
const templatesOf = (
  inputs: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
): StepPlan['inputs'] => {
  const written = Object.entries(inputs ?? {})
  if (written.length > 0) return written.map(([name, template]) => ({ name, template }))
  return names.map((name) => ({ name, template: `{{ index .input ${JSON.stringify(name)} }}` }))
}

const commonParts = (run: SwarmRun): Pick<RunSnapshot, 'namespace' | 'untrustedInput' | 'chain'> => ({
  namespace: namespaceOf(run),
  ...chainOf(run),
  ...(run.metadata.labels?.[triggerLabel] === undefined ? {} : { untrustedInput: true }),
})

const chainOf = ({ metadata }: SwarmRun): Pick<RunSnapshot, 'chain'> => {
  const chain = Number(metadata.annotations?.[chainAnnotation])
  return Number.isInteger(chain) && chain > 0 ? { chain } : {}
}

const limits = ({ timeoutSeconds, maxTokens }: Pick<SwarmTeamSpec, 'timeoutSeconds' | 'maxTokens'>) => ({
  ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  ...(maxTokens === undefined ? {} : { maxTokens }),
})

const namespaceOf = ({ metadata: { namespace = 'default' } }: SwarmRun): string => namespace

const missingAgent = (path: string, name: string, run: SwarmRun, agents: readonly string[]): FieldError => {
  const near = closestName(name, agents)
  return {
    path,
    message: `there is no SwarmAgent ${JSON.stringify(name)} in namespace ${JSON.stringify(namespaceOf(run))}`,
    remedy: near === undefined ? 'kubectl get swarmagents shows those that exist' : `did you mean ${near}?`,
  }
}

/** The template is right and the run is short of what it reads: the run's author is the one to act. */
const notGiven = ({
  fault: { path, position, message },
  team,
  given,
}: {
  readonly fault: FieldError
  readonly team: string
  readonly given: readonly string[]
}): FieldError => ({
  path: 'spec.input',
  message: `${message} in this run${given.length === 0 ? '' : ` (which gives ${given.join(', ')})`}, and SwarmTeam ${JSON.stringify(team)} reads it in ${path}${position === undefined ? '' : ` at line ${position.line}, column ${position.column}`}`,
  remedy: 'give it in spec.input, or by swarm run -i NAME=VALUE',
})

const withoutReason = ({ path, message, remedy, position }: FieldError): FieldError => ({
  path,
  message,
  ...(remedy === undefined ? {} : { remedy }),
  ...(position === undefined ? {} : { position }),
})

const invalid = (reason: InvalidRunReason, errors: readonly FieldError[]): SnapshotResult => ({
  type: 'invalid',
  reason,
  errors,
})

const sealed = (snapshot: RunSnapshot): SnapshotResult => ({
  type: 'snapshot',
  snapshot,
  snapshotHash: createHash('sha256').update(canonicalJson(snapshot)).digest('hex'),
})
