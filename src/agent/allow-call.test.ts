import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { allowCall, redeem, type AllowedCall } from './allow-call.ts'
import type { KnownSecret } from '../domain/guardrail/known-secrets.ts'
import { callTool } from './call-tool.ts'
import { runToolsets } from './run-toolsets.ts'
import { pinTools } from './pin-tools.ts'
import { inMemoryTaskSource } from './testing/in-memory-task-source.ts'
import { fastClock, perform, policyOf, says, stagedServer, taskOf } from './testing/stage.ts'
import { TaskSession } from './task-session.ts'
import { silentLogger } from '../ports/silent-logger.ts'

const judged = async (args = '{}', secrets: readonly KnownSecret[] = []) => {
  const server = stagedServer({ name: 'slack', tools: ['post_message'] })
  const pinned = await pinTools({
    servers: [{ server, onUnavailable: 'fail' }],
    policies: [policyOf({ servers: ['slack'] })],
    run: 'uid-1',
    toolsets: runToolsets(),
    clock: fastClock,
    signal: new AbortController().signal,
    log: silentLogger,
  })
  if (pinned.type !== 'pinned') throw new Error('expected the tools to be pinned')
  const verdict = allowCall({
    call: { id: '1', alias: 'slack__post_message', arguments: args, state: { type: 'requested' } },
    earlier: [],
    policies: [policyOf({ servers: ['slack'] })],
    tools: pinned.tools,
    task: taskOf(),
    secrets,
  })
  return { server, verdict }
}

const permitted = async () => {
  const { server, verdict } = await judged()
  if (verdict.type !== 'allowed') throw new Error('expected the call to be allowed')
  return { server, call: verdict.call }
}

const sessionOf = async () => {
  const source = inMemoryTaskSource()
  source.submit(taskOf(), policyOf())
  const assigned = await source.lease({ holder: 'pod', waitMs: 0, signal: new AbortController().signal })
  if (assigned === undefined) throw new Error('expected a task')
  return new TaskSession({ source, assigned, clock: fastClock, log: silentLogger })
}

test('P3 a permission is good for one call; a forged or used one makes none', async () => {
  const { server, call } = await permitted()
  const session = await sessionOf()
  const make = (permission: AllowedCall) =>
    callTool({
      call: permission,
      task: taskOf(),
      turn: 1,
      index: 0,
      session,
      clock: fastClock,
      random: Math.random,
      log: silentLogger,
    })
  await expect(make({ ...call })).rejects.toMatchObject({ code: 'PolicyDenied' })
  expect(server.ledger).toHaveLength(0)
  await make(call)
  await expect(make(call)).rejects.toMatchObject({ code: 'PolicyDenied' })
  expect(server.ledger).toHaveLength(1)
  session.close()
})

test('P3 a permission can be redeemed once', async () => {
  const { call } = await permitted()
  expect(redeem({ ...call })).toBe(false)
  expect(redeem(call)).toBe(true)
  expect(redeem(call)).toBe(false)
})

test('P3 one file calls tools, and one asks models', async () => {
  const directory = new URL('.', import.meta.url)
  const files = (await readdir(directory)).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  const withText = async (text: RegExp): Promise<readonly string[]> => {
    const found: string[] = []
    for (const name of files)
      if (text.test(await readFile(new URL(name, directory), 'utf8'))) found.push(name)
    return found
  }
  expect(await withText(/\.callTool\(/)).toEqual(['call-tool.ts'])
  expect(await withText(/\.generate\(/)).toEqual(['ask-model.ts'])
  expect(await withText(/as AllowedCall/)).toEqual(['allow-call.ts'])
})

test('S4 a call that carries a secret is refused, and its record does not tell the secret', async () => {
  const secrets = [{ name: 'SLACK_TOKEN', value: 'xoxb-1234567890-abc' }]
  const { verdict } = await judged('{"text":"it is xoxb-1234567890-abc"}', secrets)
  expect(verdict).toMatchObject({
    type: 'denied',
    denied: { reason: 'SecretInArguments' },
    arguments: { text: 'it is [SLACK_TOKEN]' },
  })
  const unreadable = await judged('{"text":"xoxb-1234567890-abc', secrets)
  expect(unreadable.verdict).toMatchObject({ type: 'denied', denied: { reason: 'InvalidArguments' } })
  expect(JSON.stringify(unreadable.verdict)).not.toContain('xoxb')
  // However much of it the cut would have left.
  for (const before of [2030, 2041]) {
    const cut = await judged(`{"${'x'.repeat(before)}xoxb-1234567890-abc`, secrets)
    expect(JSON.stringify(cut.verdict)).not.toContain('xoxb')
  }
})

test('a model is offered only what it could call', async () => {
  const server = stagedServer({ name: 'slack', tools: ['post_message', 'delete_channel'] })
  const { model } = await perform({
    servers: [server],
    policy: policyOf({ servers: ['slack'], allow: ['slack/post_*'] }),
    script: [says('Done.')],
  })
  expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual(['slack__post_message'])
})
