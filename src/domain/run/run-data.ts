// The data that templates of a run see: `.input` and `.steps`, built from the snapshot and the journal's state.

import { isWhole } from '../journal/stored-text.ts'
import { isDone } from '../journal/step-phase.ts'
import type { RunState, StepState } from '../journal/fold.ts'
import type { StoredText } from '../journal/record.ts'
import type { KnownRoot } from '../template/check.ts'
import { jsonIn } from './json-in.ts'
import type { RunSnapshot } from './snapshot.ts'

/** Whole texts by hash; undefined where the store does not have one. */
export type Contents = (sha256: string) => string | undefined

export interface RunData {
  readonly input: Readonly<Record<string, string>>
  readonly steps: Readonly<Record<string, StepData>>
}

interface StepData {
  readonly output: string
  /** The original's name for the output before it is processed; here they are the same. */
  readonly rawOutput: string
  readonly status: string
  /** The output read as JSON, when it is JSON or holds one fenced block of it. */
  readonly data: unknown
  readonly artifacts: Readonly<Record<string, string>>
}

/** What a step offers to templates, for checks before there is any data. */
export const stepFields: NonNullable<KnownRoot['has']> = new Map([
  ['output', 'text'],
  ['rawOutput', 'text'],
  ['status', 'text'],
  ['data', 'open'],
  ['artifacts', 'open'],
])

export type RunDataResult =
  | { readonly type: 'data'; readonly data: RunData }
  /** The store lost a text that the journal refers to. */
  | { readonly type: 'lost'; readonly step: string; readonly sha256: string }

/** Data of the steps that are done, and of no others. */
export const runData = ({
  snapshot,
  state,
  contents,
}: {
  readonly snapshot: RunSnapshot
  readonly state: RunState
  readonly contents: Contents
}): RunDataResult => {
  const input: Record<string, string> = Object.create(null) as Record<string, string>
  for (const name of snapshot.optionalInputs ?? []) input[name] = ''
  Object.assign(input, snapshot.input)
  const steps: Record<string, StepData> = Object.create(null) as Record<string, StepData>
  for (const step of state.steps.filter(isDone)) {
    const output = outputOf(step, contents)
    if (output === undefined) return { type: 'lost', step: step.name, sha256: step.output?.sha256 ?? '' }
    steps[step.name] = stepData(step, output)
  }
  return { type: 'data', data: { input, steps } }
}

/** A skipped step has an empty output, so that templates need not ask whether a step ran. */
const outputOf = ({ output }: StepState, contents: Contents): string | undefined =>
  output === undefined ? '' : wholeText(output, contents)

export const wholeText = (text: StoredText, contents: Contents): string | undefined =>
  isWhole(text) ? text.head : contents(text.sha256)

const stepData = ({ phase }: StepState, output: string): StepData => ({
  output,
  rawOutput: output,
  status: phase,
  // Parsed only where a template asks for it.
  get data() {
    return jsonIn(output)
  },
  artifacts: {},
})
