// The tree of a run, one line each: what it was, how long it took, its tokens, and how it ended.

import type { TraceSpan } from '../../domain/journal/trace.ts'
import { forTerminal } from './for-terminal.ts'
import type { Paint } from './paint.ts'
import { seconds } from './run-view.ts'
import { tokensText } from './tokens-text.ts'

const NAME_COLUMN = 46

export const traceLines = ({
  trace,
  paint,
}: {
  readonly trace: TraceSpan
  readonly paint: Paint
}): readonly string[] => linesOf(trace, '', '', paint)

const linesOf = (span: TraceSpan, lead: string, below: string, paint: Paint): readonly string[] => {
  const name = `${lead}${forTerminal(span.name)}`
  const facts = [
    seconds(span.durationMs).padStart(8),
    statusText(span.status, paint),
    span.usage === undefined || Object.keys(span.usage).length === 0
      ? undefined
      : paint.dim(tokensText(span.usage)),
    span.denied > 0 && span.status !== 'denied' ? paint.red(`${span.denied} denied`) : undefined,
    span.message === undefined ? undefined : paint.dim(forTerminal(span.message)),
  ].filter((fact) => fact !== undefined)
  // One attempt is the step itself.
  const [only] = span.children
  const children =
    span.kind === 'step' && span.children.length === 1 && only !== undefined ? only.children : span.children
  return [
    `${name.padEnd(NAME_COLUMN)} ${facts.join('  ')}`,
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1
      return linesOf(child, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`, paint)
    }),
  ]
}

const statusText = (status: string, paint: Paint): string => {
  switch (status) {
    case 'Succeeded':
    case 'ok':
      return paint.green(status)
    case 'Failed':
    case 'error':
    case 'denied':
    case 'unknown':
      return paint.red(status)
    default:
      return paint.yellow(status)
  }
}
