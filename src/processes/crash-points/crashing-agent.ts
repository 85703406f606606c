// The agent's ways out with a boundary on each side. Verbs: `lease` (after only), `reserve`, `model`, `intent`, `tool`,
// `append`, `finish`.

import type { LanguageModel } from '../../ports/language-model.ts'
import type { TaskSource } from '../../ports/task-source.ts'
import type { ToolServer } from '../../ports/tool-server.ts'
import type { ToolServerBinding } from '../../agent/pin-tools.ts'
import { between, boundaryOf, type Boundary } from './crash-plan.ts'
import { appendVerb, stepOf } from './crashing-hub.ts'

/** The parts of an agent as they are, or mortal where `path` names a plan. */
export const crashingAgent = ({
  path,
  agent,
  ...ways
}: {
  readonly path: string
  readonly agent: string
  readonly source: TaskSource
  readonly model: LanguageModel
  readonly servers: readonly ToolServerBinding[]
}) => {
  const boundary = boundaryOf({ path, part: 'agent' })
  if (boundary === undefined) return ways
  return {
    source: crashingSource({ boundary, source: ways.source }),
    model: crashingModel({ boundary, agent, model: ways.model }),
    servers: ways.servers.map((binding) => ({
      ...binding,
      server: crashingTools({ boundary, agent, server: binding.server }),
    })),
  }
}

const crashingSource = ({
  boundary,
  source,
}: {
  readonly boundary: Boundary
  readonly source: TaskSource
}): TaskSource => ({
  lease: async (request) => {
    const assigned = await source.lease(request)
    if (assigned !== undefined) boundary('lease.after', assigned.task.step)
    return assigned
  },
  heartbeat: (proof) => source.heartbeat(proof),
  record: (request) =>
    between({
      boundary,
      verb: appendVerb(request.records),
      step: stepOf(request),
      work: () => source.record(request),
    }),
  reserve: (request) =>
    between({ boundary, verb: 'reserve', step: stepOf(request), work: () => source.reserve(request) }),
  finish: (request) =>
    between({ boundary, verb: 'finish', step: stepOf(request), work: () => source.finish(request) }),
  release: (proof) => source.release(proof),
  content: (sha256) => source.content(sha256),
})

/** Model and tools know no step; the agent's name stands for it. */
const crashingModel = ({
  boundary,
  agent,
  model,
}: {
  readonly boundary: Boundary
  readonly agent: string
  readonly model: LanguageModel
}): LanguageModel => ({
  provider: model.provider,
  endpoint: model.endpoint,
  prepare: async () => model.prepare?.(),
  generate: (request) =>
    between({ boundary, verb: 'model', step: agent, work: () => model.generate(request) }),
})

const crashingTools = ({
  boundary,
  agent,
  server,
}: {
  readonly boundary: Boundary
  readonly agent: string
  readonly server: ToolServer
}): ToolServer => ({
  name: server.name,
  listTools: (request) => server.listTools(request),
  callTool: (request) =>
    between({ boundary, verb: 'tool', step: agent, work: () => server.callTool(request) }),
  close: () => server.close(),
})
