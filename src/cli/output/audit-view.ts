// The audit trail for eyes: a table in the order of time, or a tree of runs and steps.

import type { AuditEntry } from '../../domain/journal/audit.ts'
import { forTerminal } from './for-terminal.ts'
import type { Paint } from './paint.ts'
import { seconds } from './run-view.ts'
import { table } from './table.ts'

export const auditTable = ({
  entries,
  withNamespace,
}: {
  readonly entries: readonly AuditEntry[]
  readonly withNamespace: boolean
}): string =>
  table([
    [...(withNamespace ? ['NAMESPACE'] : []), 'TIME', 'RUN', 'AGENT', 'KIND', 'WHAT', 'STATUS', 'DETAIL'],
    ...entries.map((entry) => [
      ...(withNamespace ? [entry.namespace] : []),
      entry.at,
      entry.run,
      entry.agent ?? entry.by ?? '',
      entry.kind,
      forTerminal(entry.subject),
      entry.status,
      detailOf(entry),
    ]),
  ])

export const auditTree = (entries: readonly AuditEntry[], paint: Paint): readonly string[] =>
  [...Map.groupBy(entries, ({ uid }) => uid).values()].flatMap((ofRun) => {
    const [first] = ofRun
    if (first === undefined) return []
    const steps = [...Map.groupBy(ofRun, ({ step }) => step ?? '')]
    return [
      `${paint.bold(`${first.namespace}/${first.run}`)}`,
      ...steps.flatMap(([step, ofStep]) => [
        ...(step === '' ? [] : [`  ${paint.bold(step)} ${paint.dim(ofStep[0]?.agent ?? '')}`]),
        ...ofStep.map((entry) => lineOf(entry, step === '' ? '  ' : '    ', paint)),
      ]),
    ]
  })

const lineOf = (entry: AuditEntry, indent: string, paint: Paint): string => {
  const status = entry.status === 'ok' ? paint.green(entry.status) : paint.red(entry.status)
  return `${indent}${paint.dim(entry.at)}  ${forTerminal(entry.subject).padEnd(30)}  ${status}  ${detailOf(entry)}`.trimEnd()
}

const LONGEST_ARGUMENTS = 120

const detailOf = ({ kind, arguments: args, rule, message, durationMs, by }: AuditEntry): string => {
  const json = args === undefined ? '' : JSON.stringify(args)
  const parts = [
    json === '' ? undefined : json.length > LONGEST_ARGUMENTS ? `${json.slice(0, LONGEST_ARGUMENTS)}…` : json,
    rule === undefined ? undefined : `[${rule}]`,
    by === undefined || kind !== 'person' ? undefined : by,
    message,
    durationMs === undefined ? undefined : seconds(durationMs),
  ]
  return forTerminal(parts.filter((part) => part !== undefined).join('  '))
}
