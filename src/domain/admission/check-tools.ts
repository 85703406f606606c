// An agent's servers and permissions: names that patterns can stand for, patterns that can match something, argument
// rules that say one thing.

import { RE2JS } from 're2js'
import type { FieldError } from '../error.ts'
import { joinPath } from '../../api/field-path.ts'
import type { AgentTools, ArgumentRule, ToolConstraint, ToolPermissions } from '../../api/v1alpha1/index.ts'
import { matchesTool } from '../guardrail/glob.ts'
import { all, errors, type Findings, warnings } from './findings.ts'
import { suggest } from './suggest.ts'

const serverName = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/

/** Names of servers and plain HTTP tools: what `<server>/<tool>` and the model's names are made of. */
export const checkServers = (tools: AgentTools | undefined, path: string): readonly FieldError[] => {
  const servers = (tools?.mcp ?? []).map(({ name }, index) => ({ name, path: `${path}.mcp[${index}].name` }))
  const webhooks = (tools?.webhooks ?? []).map(({ name }, index) => ({
    name,
    path: `${path}.webhooks[${index}].name`,
  }))
  const duplicates = [servers, webhooks].flatMap((named) =>
    named.flatMap(({ name, path: at }, index) => {
      const first = named.findIndex((other) => other.name === name)
      return first === index
        ? []
        : [
            {
              path: at,
              message: `the name "${name}" is taken by ${named[first]?.path ?? ''}`,
              remedy: 'Give each its own name: permissions and the journal call tools by it.',
            },
          ]
    }),
  )
  return [
    ...[...servers, ...webhooks].flatMap(({ name, path: at }) =>
      serverName.test(name)
        ? []
        : [
            {
              path: at,
              message: `"${name}" cannot be the name of a tool server`,
              remedy:
                'Use letters, digits, "-", "_" and ".", at most 63, a letter or digit first and last: patterns read <server>/<tool>.',
            },
          ],
    ),
    ...duplicates,
    ...(tools?.mcp ?? []).flatMap(({ url }, index) => checkUrl(url, `${path}.mcp[${index}].url`)),
  ]
}

const checkUrl = (url: string | undefined, path: string): readonly FieldError[] => {
  if (url === undefined) return []
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    return [
      { path, message: `"${url}" is not an http or https address`, remedy: 'Write http://host:port/path.' },
    ]
  if (parsed.username !== '' || parsed.password !== '')
    return [
      {
        path,
        message: 'the address carries a user name or password',
        remedy: 'Put the credential in a Secret and name it in auth.',
      },
    ]
  return []
}

/** Servers a pattern can stand for; a pattern without a slash, other than `*`, stands for nothing. */
const checkPattern = (
  pattern: string,
  path: string,
  servers: readonly string[] | undefined,
): readonly FieldError[] => {
  if (/^\*+$/.test(pattern)) return []
  const slash = pattern.indexOf('/')
  if (slash < 0)
    return [
      {
        path,
        message: `the pattern "${pattern}" matches no tool`,
        remedy: `Patterns read <server>/<tool>: write "${pattern}/*" or "*/${pattern}".`,
      },
    ]
  if (servers === undefined) return []
  const server = pattern.slice(0, slash)
  if (servers.some((name) => matchesTool(`${server}/*`, { server: name, tool: 'any' }))) return []
  return [
    {
      path,
      message: `the pattern "${pattern}" matches no tool: the agent has no server "${server}"`,
      remedy: suggest({ wanted: server, known: servers, noun: 'servers' }),
    },
  ]
}

const ruleKinds = ['const', 'enum', 'pattern', 'maxLength', 'fromInput'] as const

const checkRule = (rule: ArgumentRule, path: string): readonly FieldError[] => {
  const set = ruleKinds.filter((kind) => rule[kind] !== undefined)
  if (set.length !== 1)
    return [
      {
        path,
        message: set.length === 0 ? 'says nothing about the argument' : `sets ${set.join(' and ')}`,
        remedy: `Set exactly one of ${ruleKinds.join(', ')}.`,
      },
    ]
  if (rule.pattern === undefined) return []
  try {
    RE2JS.compile(rule.pattern)
    return []
  } catch (error) {
    return [
      {
        path: `${path}.pattern`,
        message: `${JSON.stringify(rule.pattern)} is not a regular expression: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Use RE2 syntax: no look-around, no back references.',
      },
    ]
  }
}

export const checkConstraints = (
  constraints: readonly ToolConstraint[] | undefined,
  path: string,
): readonly FieldError[] =>
  (constraints ?? []).flatMap(({ tool, args }, index) => [
    // A rule that can match nothing would be taken for protection.
    ...checkPattern(tool, `${path}[${index}].tool`, undefined),
    ...(Object.keys(args).length === 0
      ? [
          {
            path: `${path}[${index}].args`,
            message: 'constrains no argument',
            remedy: 'Name at least one argument, or use deny to forbid the tool.',
          },
        ]
      : []),
    ...Object.entries(args).flatMap(([argument, rule]) =>
      checkRule(rule, joinPath(`${path}[${index}].args`, argument)),
    ),
  ])

/** Deny patterns that match nothing protect nothing, so they are errors; allow patterns that match nothing only warn. */
export const checkDeny = (deny: readonly string[] | undefined, path: string): readonly FieldError[] =>
  (deny ?? []).flatMap((pattern, index) => checkPattern(pattern, `${path}[${index}]`, undefined))

export const checkPermissions = (
  permissions: ToolPermissions | undefined,
  tools: AgentTools | undefined,
  path: string,
): Findings => {
  const servers = (tools?.mcp ?? []).map(({ name }) => name)
  return all([
    warnings([
      ...(permissions?.allow ?? []).flatMap((pattern, index) =>
        checkPattern(pattern, `${path}.allow[${index}]`, servers),
      ),
      ...(permissions?.effects ?? []).flatMap(({ tool }, index) =>
        checkPattern(tool, `${path}.effects[${index}].tool`, servers),
      ),
    ]),
    errors(checkDeny(permissions?.deny, `${path}.deny`)),
    errors(checkConstraints(permissions?.constraints, `${path}.constraints`)),
  ])
}
