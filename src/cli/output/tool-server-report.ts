// What one tool server of an agent answered, for a person: how it is spoken to, what it offers, what of that the agent
// may call, and whether it is what was approved.

import type { ToolServerReport } from '../tool-server-report.ts'
import type { ToolChange } from '../../domain/guardrail/approved-tools.ts'
import { errorLines } from '../exit.ts'
import { forTerminal } from './for-terminal.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'

export const toolServerLines = (report: ToolServerReport, paint: Paint): readonly string[] => {
  const { server, url } = report
  const head = `${paint.bold(forTerminal(server))}  ${forTerminal(url)}`
  if (report.type === 'failed')
    return [head, ...errorLines(report.error).map((line) => `  ${forTerminal(line)}`)]
  return [
    head,
    `  answers   ${spoken(report)}`,
    `  digest    ${report.digest}`,
    `  approved  ${approvalText(report, paint)}`,
    ...changeLines(report.approval.type === 'changed' ? report.approval.changes : undefined),
    ...report.remedy.map((line) => `  fix: ${line}`),
    ...toolLines(report),
  ]
}

const ways = { direct: 'directly', 'api-server': 'through the API server' } as const
const transports = { 'streamable-http': 'streamable HTTP', sse: 'SSE', 'legacy-rest': 'legacy-rest' } as const

type Answered = Extract<ToolServerReport, { readonly type: 'answered' }>

const spoken = ({ transport, protocol, milliseconds, way }: Answered): string =>
  [
    `in ${milliseconds} ms`,
    ways[way],
    ...(transport === undefined ? [] : [transports[transport]]),
    ...(protocol === undefined ? [] : [`MCP ${forTerminal(protocol.revision)}, ${protocol.era} era`]),
  ].join(', ')

const approvalText = ({ approval }: Answered, paint: Paint): string => {
  switch (approval.type) {
    case 'unpinned':
      return 'by nobody: whatever it offers is used'
    case 'approved':
      return paint.green('yes, this is what was approved')
    case 'changed':
      return `${paint.red('no, it has CHANGED')}; agents do not use it until somebody approves. The pin is ${approval.approved}`
  }
}

export const changeLines = (changes: readonly ToolChange[] | undefined): readonly string[] =>
  (changes ?? []).map(({ type, tool }) => `    ${signs[type]} ${forTerminal(tool)}: ${type}`)

const signs = { added: '+', removed: '-', changed: '~' } as const

const toolLines = ({ tools }: Answered): readonly string[] => {
  if (tools.length === 0) return ['  it offers no tools']
  const rows = tools.map(({ tool, allowed, effect, rule }) => [
    forTerminal(tool),
    allowed ? 'yes' : 'no',
    effect,
    forTerminal(rule),
  ])
  return [
    ...table([['TOOL', 'MAY BE CALLED', 'EFFECT', 'RULE'], ...rows])
      .split('\n')
      .map((line) => `  ${line}`),
    ...tools
      .filter(({ hidesSomething }) => hidesSomething)
      .map(
        ({ tool }) =>
          `  ! ${forTerminal(tool)}: its definition holds characters that people do not see; models are not shown them`,
      ),
  ]
}
