// `decisions`: how many tool calls the gate weighs in a second of CPU.

import { decideToolCall } from '../src/domain/guardrail/gate.ts'
import type {
  EffectivePolicy,
  Limit,
  Rule,
  ToolConstraint,
} from '../src/domain/guardrail/effective-policy.ts'
import type { Benchmark, Contender } from './benchmark.ts'

const DECISIONS_A_ROUND = 30_000

export const decisionsBenchmark: Benchmark = {
  name: 'decisions',
  measures: `Decisions of the gate per second of CPU, ${DECISIONS_A_ROUND.toLocaleString('en')} a round: one half of the calls is allowed, after every check, and one half denied.`,
  figures: [{ name: 'decisions/CPU s', better: 'higher', target: '≥ 10,000 with 50 rules' }],
  baseline: '1 rule',
  rounds: 5,
  contenders: () =>
    Promise.resolve([
      contender({ name: '1 rule', allow: ['grafana/query_*'] }),
      contender({ name: '50 rules', ...fiftyRules }),
      contender({ name: '50 rules, argument rules', ...fiftyRules, constraints: argumentRules }),
      contender({ name: '50 rules, hostile', ...hostileRules, query: 'a'.repeat(2_000) }),
    ]),
  notes: () => [
    'Hostile: globs and patterns that send a matcher which backtracks to and fro, and an argument of 2,000 characters that almost fits them.',
  ],
}

interface Rules {
  readonly allow: readonly string[]
  readonly deny?: readonly string[]
  readonly constraints?: readonly ToolConstraint[]
}

const source = { kind: 'SwarmPolicy', name: 'benchmark', field: 'spec.tools' } as const
const rule = (pattern: string): Rule => ({ pattern, source })
const limit = (value: number): Limit => ({ value, source })
const numbered = (count: number, pattern: (index: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, index) => pattern(index))

const fiftyRules: Rules = {
  allow: [...numbered(24, (index) => `server-${index}/get_*`), 'grafana/query_*'],
  deny: [...numbered(24, (index) => `server-${index}/*delete*`), 'grafana/drop_*'],
}
const argumentRules: readonly ToolConstraint[] = [
  {
    ...rule('grafana/*'),
    args: [
      { path: 'service', optional: false, type: 'enum', values: ['payments', 'orders', 'web'] },
      { path: 'query', optional: false, type: 'pattern', pattern: '[ -~]+' },
      { path: 'query', optional: false, type: 'maxLength', maxLength: 4_000 },
    ],
  },
]
const hostileRules: Rules = {
  allow: [...numbered(24, () => `grafana/${'*a'.repeat(10)}*b`), 'grafana/query_*'],
  deny: [...numbered(24, () => `grafana/${'*_'.repeat(10)}*b`), 'grafana/drop_*'],
  constraints: [
    {
      ...rule('grafana/*'),
      args: [{ path: 'query', optional: false, type: 'pattern', pattern: '(a+)+(a*)*a' }],
    },
  ],
}

const policyOf = ({ allow, deny = [], constraints = [] }: Rules): EffectivePolicy => ({
  agent: { namespace: 'benchmark', name: 'investigator' },
  revision: 'benchmark',
  tools: {
    servers: ['grafana'],
    allow: [allow.map(rule)],
    deny: deny.map(rule),
    constraints,
    effects: [],
  },
  models: { allow: [], deny: [] },
  limits: {
    tokensPerCall: limit(4_000),
    timeoutSeconds: limit(60),
    concurrentTasks: limit(1),
    retries: limit(0),
    turnsPerTask: limit(20),
    callsPerTask: limit(20),
    identicalCalls: limit(4),
  },
})

const definition = {
  inputSchema: {
    type: 'object',
    properties: { service: { type: 'string' }, query: { type: 'string' } },
    required: ['service'],
  },
} as const

const contender = ({
  name,
  query = 'level = error and message contains "connection refused"',
  ...rules
}: Rules & { readonly name: string; readonly query?: string }): Contender => {
  const policy = policyOf(rules)
  const decide = (index: number) =>
    decideToolCall({
      policy,
      name: { server: 'grafana', tool: index % 2 === 0 ? 'query_logs' : 'write_logs' },
      definition,
      arguments: { service: 'payments', query },
      input: {},
      earlier: { calls: 0, identical: 0 },
    })
  return {
    name,
    round() {
      const types = new Set(['allowed', 'denied'])
      const before = process.cpuUsage()
      for (let index = 0; index < DECISIONS_A_ROUND; index += 1) types.delete(decide(index).type)
      const { user, system } = process.cpuUsage(before)
      if (types.size > 0) throw new Error(`${name}: nothing was ${[...types].join(' or ')}`)
      return Promise.resolve({ 'decisions/CPU s': DECISIONS_A_ROUND / ((user + system) / 1_000_000) })
    },
  }
}
