// The verbs, in the order help lists them. Each is loaded only when it is asked for, so that a small command does not
// pay for a large one.

import type { Command } from 'commander'

type Register = (program: Command) => void

const commands: Readonly<Record<string, () => Promise<Register>>> = {
  demo: async () => (await import('./commands/demo.ts')).registerDemo,
  dev: async () => (await import('./commands/dev.ts')).registerDev,
  run: async () => (await import('./commands/run.ts')).registerRun,
  trigger: async () => (await import('./commands/trigger.ts')).registerTrigger,
  event: async () => (await import('./commands/event.ts')).registerEvent,
  get: async () => (await import('./commands/get.ts')).registerGet,
  describe: async () => (await import('./commands/describe.ts')).registerDescribe,
  logs: async () => (await import('./commands/logs.ts')).registerLogs,
  trace: async () => (await import('./commands/trace.ts')).registerTrace,
  audit: async () => (await import('./commands/audit.ts')).registerAudit,
  cancel: async () => (await import('./commands/cancel.ts')).registerCancel,
  resolve: async () => (await import('./commands/resolve.ts')).registerResolve,
  explain: async () => (await import('./commands/explain.ts')).registerExplain,
  'can-i': async () => (await import('./commands/can-i.ts')).registerCanI,
  mcp: async () => (await import('./commands/mcp.ts')).registerMcp,
  policy: async () => (await import('./commands/policy.ts')).registerPolicy,
  diff: async () => (await import('./commands/diff.ts')).registerDiff,
  lint: async () => (await import('./commands/lint.ts')).registerLint,
  notify: async () => (await import('./commands/notify.ts')).registerNotify,
  mock: async () => (await import('./commands/mock.ts')).registerMock,
  agent: async () => (await import('./commands/agent.ts')).registerAgent,
  operator: async () => (await import('./commands/operator.ts')).registerOperator,
  hub: async () => (await import('./commands/hub.ts')).registerHub,
  'control-plane': async () => (await import('./commands/control-plane.ts')).registerControlPlane,
  version: async () => (await import('./commands/version.ts')).registerVersion,
  completion: async () => (await import('./commands/completion.ts')).registerCompletion,
}

/** Registers the verb that `word` names, or all of them (help, completion, a typo). */
export const registerCommands = async ({
  program,
  word,
}: {
  readonly program: Command
  readonly word: string | undefined
}): Promise<void> => {
  const only = word === undefined || word === 'completion' ? undefined : commands[word]
  const loaders = only === undefined ? Object.values(commands) : [only]
  for (const load of loaders) (await load())(program)
}
