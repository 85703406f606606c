// A trial of a delivery, for people: is the sender believed, is the body understood, what would start.

import type { Trial } from '../try-delivery.ts'

const LONGEST = 400

export const trialLines = (trial: Trial): readonly string[] => [
  `SwarmEvent ${trial.event} and ${trial.delivery}`,
  `  signature  ${signatureLine(trial)}`,
  ...(trial.outcome === 'Quarantined' ? notUnderstood(trial) : understood(trial)),
  ...(trial.alert === undefined
    ? []
    : [
        `  alert      ${trial.alert.title} (${trial.alert.status}, ${trial.alert.severity})`,
        ...(trial.alert.description === '' ? [] : [`             ${shown(trial.alert.description)}`]),
      ]),
  ...(trial.better === undefined ? [] : betterLines(trial)),
]

const signatureLine = ({ signature: { scheme, secret, verdict } }: Trial): string => {
  const words = {
    accepted: 'it proves the sender',
    refused: 'it does NOT prove the sender: the hub would answer 401',
    makeable: 'a sender that has the secret is believed',
    unknown: 'the secret could not be read, so nothing was checked',
  }
  return `${scheme}, Secret ${secret}: ${words[verdict]}`
}

const understood = (trial: Trial): readonly string[] => [
  `  dedup key  ${trial.dedupKey}`,
  ...(trial.subject === undefined ? [] : [`  subject    ${trial.subject}`]),
  ...(trial.outcome === 'Started'
    ? trial.runs.flatMap(({ target, missing, input, prompt }) => [
        `  starts     a run of ${target}${missing === undefined ? '' : `, which would fail: ${missing}`}`,
        ...Object.entries(input).map(([key, text]) => `             ${key}: ${shown(text)}`),
        ...(prompt === undefined ? [] : [`             prompt: ${shown(prompt)}`]),
      ])
    : [`  starts     nothing (${trial.outcome}): ${trial.message ?? ''}`]),
]

const notUnderstood = ({ message = '', remedy }: Trial): readonly string[] => [
  `  NOT UNDERSTOOD, it starts nothing: ${message}`,
  ...(remedy === undefined ? [] : [`  fix        ${remedy}`]),
]

const betterLines = ({ better, outcome }: Trial): readonly string[] =>
  better === undefined
    ? []
    : [
        `  ${outcome === 'Quarantined' ? 'instead   ' : 'also      '} with spec.source.webhook.preset: ${better.preset}, templates can read`,
        ...(['id', 'title', 'description', 'severity', 'service', 'url'] as const).map(
          (field) =>
            `             {{ .trigger.alert.${field} }} = ${JSON.stringify(shown(better.alert[field]))}`,
        ),
      ]

const shown = (text: string): string => {
  const line = text.replaceAll('\n', '\\n')
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}…`
}
