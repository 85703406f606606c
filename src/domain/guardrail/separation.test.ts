import fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseManifests } from '../../api/manifest.ts'
import type { SwarmAgent, SwarmPolicy, SwarmTeam } from '../../api/v1alpha1/index.ts'
import type { FlowStep } from '../run/data-flow.ts'
import { describeMeeting, remedyOf, scoreOf } from './describe-separation.ts'
import { type StepSeparation, separationOf } from './separation.ts'
import { agentSeparation, teamSeparation } from './team-separation.ts'
import type { ToolPower } from './tool-powers.ts'

const example = new URL('../../../examples/incident-response/', import.meta.url)
const objectsOf = (folder: string) =>
  readdirSync(new URL(folder, example))
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => {
      const url = new URL(`${folder}${file}`, example)
      return parseManifests({ text: readFileSync(url, 'utf8'), source: file }).objects
    })
    .map(({ object }) => object)
const seed = objectsOf('./')
const constrained = objectsOf('./constrained/')

/** The example's team with these agents taken from the constrained variant. */
const story = (
  replaced: readonly string[],
  policies: readonly SwarmPolicy[] = [],
): readonly StepSeparation[] => {
  const agents = new Map<string, SwarmAgent>()
  for (const object of [...seed, ...constrained.filter(({ metadata }) => replaced.includes(metadata.name))])
    if (object.kind === 'SwarmAgent') agents.set(object.metadata.name, object as unknown as SwarmAgent)
  const team = seed.find(({ kind }) => kind === 'SwarmTeam') as unknown as SwarmTeam
  return teamSeparation({ team: team.spec, agents, policies })
}
const flagged = (found: readonly StepSeparation[]): readonly string[] =>
  found.filter(({ meets }) => meets).map(({ step }) => step)
const stepOf = (found: readonly StepSeparation[], name: string): StepSeparation => {
  const step = found.find((each) => each.step === name)
  if (step === undefined) throw new Error(`no step ${name}`)
  return step
}

describe('the incident response team', () => {
  test('as printed is flagged: its tools are undeclared, and what is undeclared counts as everything', () => {
    const found = story([])
    expect(flagged(found)).toEqual(['investigator', 'notifier'])
    expect(remedyOf(stepOf(found, 'investigator'))).toContain('spec.guardrails.tools.effects')
  })

  test('with the investigator declared read-only is flagged at the notifier, with the way each takes there', () => {
    const found = story(['incident-investigator'])
    expect(flagged(found)).toEqual(['notifier'])
    const notifier = stepOf(found, 'notifier')
    expect(notifier.writes.map(({ pattern }) => pattern)).toEqual([
      'slack/post_message',
      'pagerduty/acknowledge_incident',
    ])
    expect(scoreOf(stepOf(found, 'investigator'))).toBe('untrusted + private')
  })

  test('with a notifier that is declared and not confined, names every hop', () => {
    const agents = new Map(
      [...seed, ...constrained].flatMap((object) =>
        object.kind === 'SwarmAgent' ? [[object.metadata.name, object as unknown as SwarmAgent]] : [],
      ),
    )
    const notifier = agents.get('incident-notifier')
    if (notifier === undefined) throw new Error('the example has a notifier')
    const { constraints: _, ...tools } = notifier.spec.guardrails?.tools ?? {}
    agents.set('incident-notifier', {
      ...notifier,
      spec: { ...notifier.spec, guardrails: { ...notifier.spec.guardrails, tools } },
    })
    const team = seed.find(({ kind }) => kind === 'SwarmTeam') as unknown as SwarmTeam
    const found = stepOf(teamSeparation({ team: team.spec, agents, policies: [] }), 'notifier')
    expect(describeMeeting(found)).toBe(
      "untrusted words (the run's input) → investigator → notifier; " +
        'private data (pagerduty/get_incident, grafana/*) → investigator → notifier; ' +
        'notifier → outside (slack/post_message, pagerduty/acknowledge_incident)',
    )
    expect(remedyOf(found)).toContain('spec.guardrails.tools.constraints')
  })

  test('constrained is not flagged: what reaches the notifier can go to one place', () => {
    const found = story(['incident-investigator', 'incident-notifier'])
    expect(flagged(found)).toEqual([])
    expect(scoreOf(stepOf(found, 'notifier'))).toBe('untrusted + private + confined write')
    expect(scoreOf(stepOf(found, 'diagnostician'))).toBe('untrusted + private')
  })

  test('a constraint of a policy confines as well as one of the agent', () => {
    const policy: SwarmPolicy = {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmPolicy',
      metadata: { name: 'p', namespace: 'incident-response' },
      spec: {
        tools: {
          constraints: [
            { tool: 'slack/*', args: { channel: { enum: ['#incidents'] } } },
            { tool: '*/acknowledge_*', args: { incident_id: { fromInput: 'incidentId' } } },
          ],
        },
      },
    }
    expect(flagged(story(['incident-investigator'], [policy]))).toEqual([])
  })

  test('typed hand-overs keep words from the notifier, and facts, also private ones, come through', () => {
    const agents = new Map(
      [...seed, ...constrained].flatMap((object) =>
        object.kind === 'SwarmAgent' ? [[object.metadata.name, object as unknown as SwarmAgent]] : [],
      ),
    )
    const notifier = agents.get('incident-notifier')
    if (notifier === undefined) throw new Error('the example has a notifier')
    const { constraints: _, ...tools } = notifier.spec.guardrails?.tools ?? {}
    agents.set('incident-notifier', {
      ...notifier,
      spec: { ...notifier.spec, guardrails: { ...notifier.spec.guardrails, tools } },
    })
    const { spec } = seed.find(({ kind }) => kind === 'SwarmTeam') as unknown as SwarmTeam
    const outputSchema = JSON.stringify({
      type: 'object',
      properties: { cause: { enum: ['database', 'network', 'unknown'] }, confidence: { type: 'number' } },
      additionalProperties: false,
    })
    const typed = (...roles: readonly string[]) => {
      const pipeline = (spec.pipeline ?? []).map((step) =>
        roles.includes(step.role) ? { ...step, outputSchema } : step,
      )
      return stepOf(teamSeparation({ team: { ...spec, pipeline }, agents, policies: [] }), 'notifier')
    }
    expect(typed('diagnostician').meets, 'the investigation still comes as it is').toBe(true)
    const both = typed('investigator', 'diagnostician')
    expect(scoreOf(both)).toBe('private + write')
    expect(both.meets).toBe(false)
  })
})

test('a team whose roles decide for themselves is judged by the worst they could do', () => {
  const agents = new Map(
    [...seed, ...constrained].flatMap((object) =>
      object.kind === 'SwarmAgent' ? [[object.metadata.name, object as unknown as SwarmAgent]] : [],
    ),
  )
  const team = seed.find(({ kind }) => kind === 'SwarmTeam') as unknown as SwarmTeam
  const { pipeline: _, ...dynamic } = team.spec
  const judge = () => teamSeparation({ team: dynamic, agents, policies: [] })
  expect(flagged(judge())).toEqual([])
  const free = seed.find(({ metadata }) => metadata.name === 'incident-notifier') as unknown as SwarmAgent
  agents.set('incident-notifier', free)
  expect(flagged(judge())).toContain('notifier')
})

const agentWith = (
  tools: NonNullable<NonNullable<SwarmAgent['spec']['guardrails']>['tools']>,
): SwarmAgent => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmAgent',
  metadata: { name: 'a' },
  spec: {
    model: 'm',
    prompt: { inline: 'x' },
    tools: { mcp: [{ name: 's', url: 'http://s' }] },
    guardrails: { tools },
  },
})
const declared = [
  { tool: 's/read', effect: 'ReadOnly' },
  { tool: 's/post', effect: 'Write' },
] as const

describe('an agent for itself', () => {
  test.each([
    { reason: 'no rule at all: every tool, undeclared', tools: {}, meets: true },
    { reason: 'nothing is allowed', tools: { allow: [] }, meets: false },
    { reason: 'everything is denied', tools: { deny: ['*'] }, meets: false },
    { reason: 'it reads and writes', tools: { allow: ['s/read', 's/post'], effects: declared }, meets: true },
    { reason: 'it only reads', tools: { allow: ['s/read'], effects: declared }, meets: false },
    { reason: 'it only writes', tools: { allow: ['s/post'], effects: declared }, meets: false },
    {
      reason: 'the writing tool is denied',
      tools: { allow: ['s/read', 's/post'], deny: ['s/p*'], effects: declared },
      meets: false,
    },
    {
      reason: 'one tool of the pattern is undeclared',
      tools: { allow: ['s/*'], effects: declared },
      meets: true,
    },
    {
      reason: 'a part of what only reads is declared to write',
      tools: { allow: ['s/*'], effects: [{ tool: 's/*', effect: 'ReadOnly' }, ...declared] },
      meets: true,
    },
    {
      reason: 'a milder declaration of a part changes nothing',
      tools: { allow: ['s/*'], effects: [{ tool: 's/*', effect: 'Write' }, ...declared] },
      meets: false,
    },
  ] as const)('$reason', ({ tools, meets }) => {
    expect(agentSeparation({ agent: agentWith(tools), policies: [] }).meets).toBe(meets)
  })

  test.each([
    { reason: 'a value', rule: { const: '#incidents' }, confined: true },
    { reason: 'one of some values', rule: { enum: ['#a', '#b'] }, confined: true },
    { reason: 'an input of the run', rule: { fromInput: 'channel' }, confined: true },
    { reason: 'an argument that may be left out', rule: { const: '#a', optional: true }, confined: false },
    { reason: 'a length', rule: { maxLength: 10 }, confined: false },
    { reason: 'a pattern', rule: { pattern: '#.*' }, confined: false },
  ])('$reason: confined is $confined', ({ rule, confined }) => {
    const agent = agentWith({ effects: declared, constraints: [{ tool: 's/post', args: { to: rule } }] })
    const allowed = { ...agent.spec.guardrails?.tools, allow: ['s/post'] }
    const found = agentSeparation({ agent: agentWith(allowed), policies: [] })
    expect(scoreOf(found)).toBe(confined ? 'confined write' : 'write')
  })

  test('a constraint on a part of a pattern confines none of it', () => {
    const agent = agentWith({ constraints: [{ tool: 's/post', args: { to: { const: 'x' } } }] })
    expect(agentSeparation({ agent, policies: [] }).meets).toBe(true)
  })
})

interface RandomStep {
  readonly kinds: readonly ('read' | 'write' | 'confined' | 'undeclared')[]
  readonly from: readonly number[]
  readonly takesInput: boolean
  readonly typed: boolean
}

const power = (kind: RandomStep['kinds'][number]): ToolPower => ({
  pattern: `s/${kind}`,
  permittedBy: { pattern: '*', source: { kind: 'builtin', name: 't', field: 't' } },
  except: [],
  declaredBy: [],
  constraints: [],
  effects: [kind === 'read' ? 'read-only' : kind === 'undeclared' ? 'undeclared' : 'write'],
  reads: kind === 'read' || kind === 'undeclared',
  writes: kind === 'read' ? 'nothing' : kind === 'confined' ? 'confined' : 'anywhere',
})

const randomTeam: fc.Arbitrary<readonly RandomStep[]> = fc.integer({ min: 1, max: 6 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, index) =>
      fc.record({
        kinds: fc.subarray(['read', 'write', 'confined', 'undeclared'] as const, { maxLength: 2 }),
        from: index === 0 ? fc.constant([]) : fc.subarray([...Array(index).keys()]),
        takesInput: fc.boolean(),
        typed: fc.boolean(),
      }),
    ),
  ),
)

/** Every path that ends at a step, written out. */
const everyPath = (team: readonly RandomStep[], end: number): readonly (readonly number[])[] => [
  [end],
  ...(team[end]?.from ?? []).flatMap((before) => everyPath(team, before).map((path) => [...path, end])),
]

test('finds what a search of every path finds, and its paths are real and shortest', () => {
  fc.assert(
    fc.property(randomTeam, (team) => {
      const steps = team.map(({ from, takesInput, typed }, index): FlowStep => ({
        name: `step-${index}`,
        agent: `agent-${index}`,
        from: from.map((before) => `step-${before}`),
        takesInput,
        ...(typed ? { typed } : {}),
      }))
      const found = separationOf({
        steps,
        powersOf: (agent) => team[Number(agent.slice(6))]?.kinds.map(power),
      })
      for (const [index, step] of team.entries()) {
        const paths = everyPath(team, index)
        const reads = (at: number): boolean =>
          team[at]?.kinds.some((kind) => kind === 'read' || kind === 'undeclared') === true
        const privately = paths.filter(([origin = -1]) => reads(origin))
        const untrusted = paths.filter(
          ([origin = -1, ...rest]) =>
            (reads(origin) || team[origin]?.takesInput === true) &&
            // No step that hands on within the path hands on types alone.
            ![origin, ...rest].slice(0, -1).some((at) => team[at]?.typed),
        )
        const writes = step.kinds.includes('write') || step.kinds.includes('undeclared')
        const answer = found[index]
        expect(answer?.meets).toBe(writes && privately.length > 0 && untrusted.length > 0)
        for (const [entrance, all] of [
          [answer?.private, privately],
          [answer?.untrusted, untrusted],
        ] as const) {
          expect(entrance === undefined).toBe(all.length === 0)
          if (entrance === undefined) continue
          const names = all.map((path) => path.map((at) => `step-${at}`))
          expect(names).toContainEqual(entrance.path)
          expect(entrance.path).toHaveLength(Math.min(...names.map((path) => path.length)))
        }
      }
    }),
    { numRuns: 10_000 },
  )
})
