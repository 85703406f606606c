// One agent's permissions for a person: a table of tools, one of limits, and what comes together in it.

import { describeRule } from '../../domain/guardrail/decision.ts'
import { meetingLines, remedyOf, scoreOf } from '../../domain/guardrail/describe-separation.ts'
import type { AgentExplanation } from '../../domain/guardrail/explain-agent.ts'
import type { ArgumentConstraint } from '../../domain/guardrail/effective-policy.ts'
import type { StepSeparation } from '../../domain/guardrail/separation.ts'
import type { ToolPower } from '../../domain/guardrail/tool-powers.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'

export const agentExplanation = (explained: AgentExplanation, paint: Paint): string => {
  const { namespace, name, model, servers, settings, limits, separation } = explained
  const tools = servers.flatMap((server) => server.tools)
  return [
    `Agent ${namespace}/${name}`,
    '',
    `${paint.bold('Model')}  ${model.name}: ${model.allowed ? 'allowed' : paint.red('denied')}${model.rule === undefined ? ', no policy speaks of models' : ` by ${describeRule(model.rule)}`}`,
    '',
    paint.bold('Tools it may call'),
    ...(servers.length === 0
      ? ['  none: spec.tools.mcp names no server']
      : tools.length === 0
        ? ['  none: nothing is allowed']
        : [indented(toolTable(tools))]),
    ...servers.flatMap(({ name: server, tools: some, unreachable }) =>
      unreachable === undefined && some.length === 0 && tools.length > 0
        ? [`  nothing of server ${server}`]
        : [],
    ),
    ...servers.flatMap(({ unreachable }) =>
      unreachable === undefined ? [] : [`  ${paint.red('✗')} ${unreachable.message}`],
    ),
    ...denials(servers),
    ...constraintLines(tools),
    ...(settings.length === 0
      ? []
      : [
          '',
          paint.bold('Settings'),
          ...settings.map(
            ({ name: one, gives }) =>
              `  SwarmSettings ${one}: ${gives === undefined ? paint.red('there are none of that name') : gives.join('; ') || 'nothing'}`,
          ),
        ]),
    '',
    paint.bold('Limits'),
    indented(
      table([
        ['LIMIT', 'VALUE', 'FROM'],
        ...limits.map(({ name: limit, value, source, isDefault, asked }) => [
          limit,
          String(value),
          [
            source.kind === 'builtin' ? 'fixed' : describeRule(source),
            ...(isDefault && source.kind !== 'builtin' ? ['the default'] : []),
            ...(asked === undefined || asked === value ? [] : [`the agent asks for ${asked}`]),
          ].join('; '),
        ]),
      ]),
    ),
    '',
    paint.bold('Separation: untrusted words, private data and a write to anywhere should not meet'),
    ...separationLines('alone', separation.alone, paint),
    ...separation.teams.flatMap(({ team, steps }) =>
      steps.flatMap((step) => separationLines(`in team ${team}, step ${step.step}`, step, paint)),
    ),
  ].join('\n')
}

const toolTable = (powers: readonly ToolPower[]): string =>
  table([
    ['TOOL', 'EFFECT', 'READS', 'WRITES', 'PERMITTED BY'],
    ...powers.map(({ pattern, effects, reads, writes, permittedBy }) => [
      pattern,
      effects.join(', '),
      reads ? 'yes' : 'no',
      writes,
      describeRule({ ...permittedBy.source, pattern: permittedBy.pattern }),
    ]),
  ])

const denials = (servers: AgentExplanation['servers']): readonly string[] => {
  const rules = new Map(
    servers.flatMap(({ deny }) =>
      deny.map(({ pattern, source }) => [describeRule({ ...source, pattern }), source] as const),
    ),
  )
  return rules.size === 0
    ? []
    : ['', 'Denied, whatever is allowed:', ...[...rules.keys()].map((rule) => `  ${rule}`)]
}

const constraintLines = (powers: readonly ToolPower[]): readonly string[] => {
  const rules = new Map(
    powers.flatMap(({ constraints }) =>
      constraints.map((each) => [describeRule({ ...each.source, pattern: each.pattern }), each] as const),
    ),
  )
  if (rules.size === 0) return []
  return [
    '',
    'Only with these arguments:',
    ...[...rules].map(([rule, { args }]) => `  ${args.map(argumentRule).join(', ')}  (${rule})`),
  ]
}

export const argumentRule = (rule: ArgumentConstraint): string => {
  const said = (): string => {
    switch (rule.type) {
      case 'const':
        return `= ${JSON.stringify(rule.value)}`
      case 'enum':
        return `one of ${rule.values.map((value) => JSON.stringify(value)).join(', ')}`
      case 'pattern':
        return `matches ${rule.pattern}`
      case 'maxLength':
        return `at most ${rule.maxLength} characters`
      case 'fromInput':
        return `= the run's input "${rule.input}"`
    }
  }
  return `${rule.path} ${said()}${rule.optional ? ' or left out' : ''}`
}

export const separationLines = (where: string, found: StepSeparation, paint: Paint): readonly string[] => [
  `  ${where}: ${scoreOf(found)}${found.meets ? paint.red('  ✗ they meet') : paint.green('  ✔')}`,
  ...(found.meets
    ? [...meetingLines(found).map((line) => `    ${line}`), `    fix: ${remedyOf(found)}`]
    : []),
]

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')
