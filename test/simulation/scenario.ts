// What a world is about: agents with their permissions, teams of random shape, the plan that each step's model follows,
// and the runs that people and events start.

import type { SwarmAgent, SwarmTeam } from '../../src/api/v1alpha1/index.ts'
import type { Random } from './random.ts'

export const namespace = 'incident-response'
export const apiVersion = 'kubeswarm.io/v1alpha1'

/** Tools of the one server, by what they do to the world. */
export const tools = { look: 'read-only', acknowledge: 'idempotent', post: 'write' } as const
export type SimulatedTool = keyof typeof tools
export const server = 'desk'

export interface Plan {
  /** Calls of each turn before the last. */
  readonly turns: readonly (readonly SimulatedTool[])[]
  readonly answerBytes: number
}

export interface PlannedRun {
  readonly name: string
  readonly team: string
  readonly startsInMs: number
  /** Its start comes as a webhook delivery. */
  readonly delivered: boolean
  readonly cancelledInMs?: number
  readonly deletedInMs?: number
}

export interface Scenario {
  readonly agents: readonly SwarmAgent[]
  readonly teams: readonly SwarmTeam[]
  /** By `team/step`. */
  readonly plans: ReadonlyMap<string, Plan>
  readonly runs: readonly PlannedRun[]
  readonly namespaceDailyTokens?: number
  /** When a policy begins to forbid `post` to all agents. */
  readonly forbidsPostsInMs?: number
  readonly replicas: { readonly operators: number; readonly hubs: number; readonly agents: number }
}

export const drawScenario = (random: Random): Scenario => {
  const agents = Array.from({ length: random.whole(1, 3) }, (_, index) => drawAgent(random, `agent-${index}`))
  const plans = new Map<string, Plan>()
  const teams = Array.from({ length: random.whole(1, 2) }, (_, index) =>
    drawTeam({ random, name: `team-${index}`, agents: agents.map(({ metadata }) => metadata.name), plans }),
  )
  const runs = Array.from({ length: random.whole(1, 3) }, (_, index): PlannedRun => ({
    name: `run-${index}`,
    team: `team-${random.whole(0, teams.length - 1)}`,
    startsInMs: random.between(0, 15_000),
    delivered: random.chance(0.5),
    ...(random.chance(0.12) ? { cancelledInMs: random.between(100, 40_000) } : {}),
    ...(random.chance(0.06) ? { deletedInMs: random.between(100, 40_000) } : {}),
  }))
  return {
    agents,
    teams,
    plans,
    runs,
    ...(random.chance(0.2) ? { namespaceDailyTokens: random.whole(2000, 40_000) } : {}),
    replicas: {
      operators: random.chance(0.3) ? 2 : 1,
      hubs: random.whole(1, 2),
      agents: random.whole(1, 2),
    },
    ...(random.chance(0.2) ? { forbidsPostsInMs: random.between(0, 40_000) } : {}),
  }
}

const drawAgent = (random: Random, name: string): SwarmAgent => ({
  apiVersion,
  kind: 'SwarmAgent',
  metadata: { namespace, name, uid: `uid-${name}` },
  spec: {
    model: 'simulated',
    prompt: { inline: 'You are simulated.' },
    tools: { mcp: [{ name: server, url: 'http://desk' }] },
    guardrails: {
      tools: {
        ...(random.chance(0.1) ? { deny: [`${server}/post`] } : {}),
        effects: [
          { tool: `${server}/look`, effect: 'ReadOnly' },
          { tool: `${server}/acknowledge`, effect: 'Idempotent' },
        ],
      },
      limits: {
        retries: random.pick([0, 1, 3]),
        concurrentTasks: random.whole(1, 3),
        timeoutSeconds: random.pick([20, 120, 600]),
      },
    },
  },
})

const drawTeam = ({
  random,
  name,
  agents,
  plans,
}: {
  readonly random: Random
  readonly name: string
  readonly agents: readonly string[]
  readonly plans: Map<string, Plan>
}): SwarmTeam => {
  const steps = Array.from({ length: random.whole(1, 4) }, (_, index) => `s${index}`)
  const roles = steps.map((step) => ({
    name: step,
    swarmAgent: agents[random.whole(0, agents.length - 1)] ?? '',
  }))
  const pipeline = steps.map((step, index) => {
    const dependsOn = steps.slice(0, index).filter(() => random.chance(0.5))
    const plan = drawPlan(random)
    plans.set(`${name}/${step}`, plan)
    const before = dependsOn[0]
    const read = before === undefined ? '' : ` after: {{ .steps.${before}.output }}`
    const posts = plan.turns.flat().includes('post')
    return {
      role: step,
      dependsOn,
      inputs: { task: `sim-step:${step} sim-run:{{ .input.id }}:${read}` },
      ...(posts && random.chance(0.5) ? { mustCall: [`${server}/post`] } : {}),
      ...(before !== undefined && random.chance(0.2) ? { if: `{{ .steps.${before}.output }}` } : {}),
    }
  })
  return {
    apiVersion,
    kind: 'SwarmTeam',
    metadata: { namespace, name, uid: `uid-${name}` },
    spec: {
      roles,
      pipeline,
      inputs: [{ name: 'id', required: true }],
      ...(random.chance(0.3) ? { timeoutSeconds: random.whole(20, 120) } : {}),
      ...(random.chance(0.1) ? { maxTokens: random.whole(500, 5000) } : {}),
      ...(random.chance(0.3) ? { output: `{{ .steps.${steps.at(-1)}.output }}` } : {}),
    },
  }
}

const drawPlan = (random: Random): Plan => ({
  turns: Array.from({ length: random.whole(0, 3) }, () =>
    Array.from({ length: random.whole(1, 3) }, () => random.pick(['look', 'look', 'acknowledge', 'post'])),
  ),
  answerBytes: random.chance(0.1) ? random.whole(8000, 20_000) : random.whole(1, 60),
})
