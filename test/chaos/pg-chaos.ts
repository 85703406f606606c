// Many of everything on one PostgreSQL, and somebody who kills at random: hubs, operators and agents die and are
// stopped while runs are asked for; afterwards the ledger and the journals tell whether anything was lost or doubled.

import { verifyChain } from '../../src/domain/journal/hash-chain.ts'
import { namespace } from '../scenarios/support/story.ts'
import { pause, type Bench } from './bench.ts'
import { kill } from './drills.ts'

export interface ChaosReport {
  readonly lines: readonly string[]
  readonly wrong: readonly string[]
}

/** Seeded, so that two reports of one seed differ only by what the machine did. */
const randomFrom = (seed: number) => {
  let state = seed
  return (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

export const pgChaos = async (
  bench: Bench,
  {
    ms,
    runs: wanted,
    seed,
    say,
  }: {
    readonly ms: number
    readonly runs: number
    readonly seed: number
    readonly say: (line: string) => void
  },
): Promise<ChaosReport> => {
  const random = randomFrom(seed)
  const struck = new Map<string, number>()
  const count = (what: string): void => void struck.set(what, (struck.get(what) ?? 0) + 1)
  const end = Date.now() + ms
  const stopped: number[] = []

  const strike = (): void => {
    const agents = bench.agentPids()
    const members = bench.members
    const at = Math.floor(random() * (members.length + 6))
    const member = members[at]
    const pid = member === undefined ? agents[Math.floor(random() * agents.length)] : bench.pidOf(member)
    if (pid === undefined) return
    const kind = member?.replace(/-\d+$/, '') ?? 'agent'
    if (random() < 0.15) {
      count(`${kind} stopped`)
      kill(pid, 'SIGSTOP')
      stopped.push(pid)
      const wake = setTimeout(() => kill(pid, 'SIGCONT'), 8000 + random() * 12_000)
      wake.unref()
      return
    }
    count(`${kind} killed`)
    kill(pid, 'SIGKILL')
  }

  const names: Promise<string>[] = []
  const firing = (async () => {
    for (let number = 0; number < wanted; number += 1) {
      names.push(bench.fire())
      const left = wanted - number - 1
      if (left > 0) await pause(Math.max(0, (end - Date.now()) / left))
    }
  })()
  while (Date.now() < end) {
    await pause(500 + random() * 2000)
    strike()
  }
  await firing
  for (const pid of stopped) kill(pid, 'SIGCONT')
  say(`no more kills: ${[...struck].map(([what, times]) => `${what} ${times}`).join(', ')}`)

  const wrong: string[] = []
  const ends = new Map<string, number>()
  const runs = await Promise.all(names)
  const asked = Date.now()
  for (const name of runs) {
    try {
      const { status } = await bench.ended(name, { withinMs: 900_000 })
      const how = status?.phase === 'Succeeded' ? 'Succeeded' : `${status?.phase} ${status?.reason ?? ''}`
      ends.set(how, (ends.get(how) ?? 0) + 1)
    } catch (error) {
      wrong.push(String(error).slice(0, 300))
    }
  }
  say(
    `all ended ${((Date.now() - asked) / 1000).toFixed(0)} s after the last kill: ${[...ends].map(([how, times]) => `${how} ${times}`).join(', ')}`,
  )
  const distinct = new Set(runs).size
  if (distinct !== wanted) wrong.push(`${wanted} deliveries started ${distinct} runs`)
  const made = new Set((await bench.runs()).map(({ metadata }) => metadata.name))
  for (const name of runs) if (!made.has(name)) wrong.push(`${name} was accepted and is not there`)

  const ledger = await bench.api.ok<{ calls: readonly LedgerEntry[] }>(
    'GET',
    `/api/v1/namespaces/${namespace}/services/mock-slack:control/proxy/__ledger`,
  )
  const posts = ledger.calls.filter(({ tool, executed }) => tool === 'post_message' && executed)
  const keys = Map.groupBy(posts, ({ idempotencyKey }) => idempotencyKey ?? '')
  for (const [key, calls] of keys)
    if (calls.length > 1) wrong.push(`D5 ${calls.length} messages under key ${key}`)
  let records = 0
  let succeeded = 0
  const intents = new Set<string>()
  for (const name of new Set(runs)) {
    const journal = await bench.journal(name)
    records += journal.length
    const chain = verifyChain(journal)
    if (chain.type !== 'intact') wrong.push(`A1 ${name}: ${chain.reason} at ${chain.seq}`)
    const own = journal.filter((record) => record.type === 'tool.intended' && record.tool === 'post_message')
    for (const record of own) if (record.type === 'tool.intended') intents.add(record.idempotencyKey)
    if (journal.some((record) => record.type === 'run.finished' && record.phase === 'Succeeded')) {
      succeeded += 1
      const posted = own.filter(
        (record) => record.type === 'tool.intended' && keys.has(record.idempotencyKey),
      )
      if (posted.length !== 1) wrong.push(`${name} succeeded with ${posted.length} messages`)
    }
  }
  for (const key of keys.keys())
    if (!intents.has(key)) wrong.push(`D4 a message under key ${key} stands in no journal`)
  const lines = [
    `${wanted} runs, ${[...struck.values()].reduce((sum, times) => sum + times, 0)} strikes: ${[...struck].map(([what, times]) => `${what} ${times}`).join(', ')}`,
    `ends: ${[...ends].map(([how, times]) => `${how} ${times}`).join(', ')}`,
    `${posts.length} messages under ${keys.size} keys, ${succeeded} runs succeeded, ${records} journal records verified`,
  ]
  return { lines, wrong }
}

interface LedgerEntry {
  readonly tool: string
  readonly executed: boolean
  readonly idempotencyKey?: string
}
