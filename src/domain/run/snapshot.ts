// What a run will do, frozen when it starts. Editing the team afterwards changes nothing for it. The snapshot is the
// first record of the run's journal, so that the journal alone can replay the run.

import type { OutputRules } from './output-rules.ts'

export interface StepPlan {
  /** Unique in the run; defaults to the role. */
  readonly name: string
  readonly role: string
  /** SwarmAgent that does the work, in the run's namespace. */
  readonly agent: string
  /** Templates by input name, in the order of the manifest. */
  readonly inputs: readonly { readonly name: string; readonly template: string }[]
  readonly dependsOn: readonly string[]
  readonly if?: string
  readonly mustCall: readonly string[]
  readonly maxOutputBytes: number
  /** What the output must satisfy. */
  readonly outputRules?: OutputRules
}

export interface RunSnapshot {
  readonly kind: 'team' | 'agent'
  readonly namespace: string
  /** Name of the SwarmTeam or SwarmAgent. */
  readonly source: string
  readonly steps: readonly StepPlan[]
  /** Run input after the team's defaults were applied. */
  readonly input: Readonly<Record<string, string>>
  /** Inputs the team declares and this run leaves out: templates read them as empty text, constraints as absent. */
  readonly optionalInputs?: readonly string[]
  /** Set when an event wrote the input: steps then receive it as data, like the output of another step. */
  readonly untrustedInput?: true
  /** How many runs in a row have started each other by their ends, with this one. */
  readonly chain?: number
  /** Template of the run's output; without it the output is the last step's. */
  readonly output?: string
  readonly timeoutSeconds?: number
  readonly maxTokens?: number
}
