import { expect, test } from 'vitest'
import type { RecordBody } from '../domain/journal/record.ts'
import { createManualClock } from '../ports/manual-clock.ts'
import type { Standing } from '../ports/task-source.ts'
import { allowCall } from './allow-call.ts'
import { callTool } from './call-tool.ts'
import { pinTools } from './pin-tools.ts'
import { runToolsets } from './run-toolsets.ts'
import { TaskSession } from './task-session.ts'
import { inMemoryTaskSource } from './testing/in-memory-task-source.ts'
import { fastClock, policyOf, stagedServer, taskOf } from './testing/stage.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const open = policyOf({ servers: ['slack'], revision: 'open' })
const closed = policyOf({ servers: ['slack'], deny: ['slack/*'], revision: 'closed' })
const standing = (policy: Standing['policy']): Standing => ({ expiresAt: '2026-01-01T00:10:00.000Z', policy })

test('P3 F68 the policy that came with the announcement holds, also when a heartbeat overtook it with an older one', async () => {
  const clock = createManualClock({ start: Date.parse('2026-01-01T00:00:00.000Z') })
  const slow = Promise.withResolvers<Standing>()
  const [announced, beaten] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const written: RecordBody[] = []
  const session = new TaskSession({
    source: {
      ...inMemoryTaskSource(),
      record: ({ records }) => {
        written.push(...records)
        announced.resolve()
        return slow.promise
      },
      heartbeat: async () => {
        setImmediate(beaten.resolve)
        return standing(open)
      },
    },
    assigned: { task: taskOf(), fence: 1, expiresAt: standing(open).expiresAt, policy: open, history: [] },
    clock,
    log: silentLogger,
  })
  const slack = stagedServer({ name: 'slack', tools: ['post_message'] })
  const pinned = await pinTools({
    servers: [{ server: slack, onUnavailable: 'fail' }],
    policies: [open],
    run: 'uid-1',
    toolsets: runToolsets(),
    clock: fastClock,
    signal: session.signal,
    log: silentLogger,
  })
  if (pinned.type !== 'pinned') throw new Error('expected the tools to be pinned')
  const verdict = allowCall({
    call: { id: '1', alias: 'slack__post_message', arguments: '{}', state: { type: 'requested' } },
    earlier: [],
    policies: session.policies,
    tools: pinned.tools,
    task: taskOf(),
    secrets: [],
  })
  if (verdict.type !== 'allowed') throw new Error('expected the call to be allowed')
  const called = callTool({
    call: verdict.call,
    task: taskOf(),
    turn: 1,
    index: 0,
    session,
    clock,
    random: () => 0,
    log: silentLogger,
  })
  await announced.promise
  clock.advance(1000)
  await beaten.promise
  expect(session.policy).toBe(open)
  slow.resolve(standing(closed))

  expect((await called).state).toMatchObject({ type: 'denied', reason: 'ToolDenied' })
  expect(slack.ledger).toEqual([])
  expect(written.map(({ type }) => type)).toEqual(['tool.intended', 'tool.denied'])
  session.close()
})
