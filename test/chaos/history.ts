// A long history: so many runs of one step, all over; what operator, hub and lists make of it; and how it goes again
// when the team's limits say so.

import type { SwarmRun } from '../../src/api/v1alpha1/index.ts'
import { residentBytes } from '../scenarios/support/processes.ts'
import { namespace, runPath, type StoryCopy } from '../scenarios/support/story.ts'
import { swarm } from '../scenarios/support/swarm.ts'
import type { Bench } from './bench.ts'
import type { Drill } from './drills.ts'

const team = 'historian'
const collection = runPath('').slice(0, -1)
const teamPath = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmteams/${team}`
const LARGEST_OBJECT = 256 * 1024
/** Of one process of operator or hub: without room for garbage, so that what stays is what they need. */
export const HEAP_MEGABYTES = 160
const LARGEST_PROCESS = 400 * 1024 * 1024
const KEPT = 10

interface Page {
  readonly items: readonly SwarmRun[]
  readonly metadata: { readonly continue?: string }
}

/** Lets the agent take as many tasks as are under way. */
export const manyAtOnce = (story: StoryCopy): void =>
  story.edit('diagnostician-agent.yaml', [
    '      timeoutSeconds: 120',
    '      timeoutSeconds: 120\n      concurrentTasks: 50',
  ])

export const longHistory = async (
  bench: Bench,
  {
    runs,
    atOnce = 40,
    say = () => undefined,
  }: { readonly runs: number; readonly atOnce?: number; readonly say?: (line: string) => void },
): Promise<Drill> => {
  const wrong: string[] = []
  await bench.api.ok('POST', teamPath.slice(0, teamPath.lastIndexOf('/')), {
    body: {
      apiVersion: 'kubeswarm.io/v1alpha1',
      kind: 'SwarmTeam',
      metadata: { name: team, namespace },
      spec: {
        successfulRunsHistoryLimit: runs + 1,
        roles: [{ name: 'diagnostician', swarmAgent: 'incident-diagnostician' }],
        pipeline: [{ role: 'diagnostician', inputs: { alert: '{{ .input.alert }}' } }],
      },
    },
  })
  const before = memoryOf(bench)
  const processes = bench.members.map((name) => bench.pidOf(name)).join()
  say(`before: ${before.text}`)
  const startedAt = performance.now()
  await finish({ bench, runs, atOnce, say, wrong })
  const ranFor = (performance.now() - startedAt) / 1000
  const after = memoryOf(bench)
  say(`after ${runs} runs in ${ranFor.toFixed(0)} s: ${after.text}`)
  for (const { name, bytes } of after.members)
    if (bytes > LARGEST_PROCESS) wrong.push(`${name} holds ${megabytes(bytes)}`)

  const sizes: number[] = []
  let pages = 0
  let longestPage = 0
  for await (const { items, ms } of pagesOf(bench)) {
    pages += 1
    longestPage = Math.max(longestPage, ms)
    for (const item of items)
      if (item.spec.teamRef === team) sizes.push(Buffer.byteLength(JSON.stringify(item)))
  }
  const largest = Math.max(...sizes)
  say(
    `objects: ${sizes.length}, the largest has ${largest} bytes; ${pages} pages of 500, the longest in ${longestPage.toFixed(0)} ms`,
  )
  if (sizes.length !== runs) wrong.push(`${sizes.length} of ${runs} runs are in the list`)
  if (largest > LARGEST_OBJECT) wrong.push(`an object has ${largest} bytes`)

  const listed = await timed(() =>
    // Fewer at a time where there are few, so that there is more than one page.
    swarm(['get', 'runs', '-n', namespace, ...(runs > 1000 ? [] : ['--chunk-size', '50'])], {
      environment: { KUBECONFIG: bench.kubeconfig },
    }),
  )
  const rows = listed.value.stdout.split('\n').filter((line) => line.startsWith(`${team}-`)).length
  if (rows !== runs) wrong.push(`swarm get runs shows ${rows} of ${runs}`)
  const journal = await timed(() => bench.journal(`${team}-1`))
  if (!journal.value.some(({ type }) => type === 'run.finished'))
    wrong.push('the journal of the first has no end')
  say(
    `swarm get runs: ${rows} rows in ${listed.ms.toFixed(0)} ms; the journal of the first: ${journal.ms.toFixed(0)} ms`,
  )

  const pruned = await timed(() => prune(bench, runs))
  if (pruned.value !== KEPT) wrong.push(`${pruned.value} runs are left of ${KEPT}`)
  const end = memoryOf(bench)
  if (bench.members.map((name) => bench.pidOf(name)).join() !== processes)
    wrong.push(`a process needed more than ${HEAP_MEGABYTES} MB of heap, and was started again`)
  say(`pruned to ${pruned.value} in ${(pruned.ms / 1000).toFixed(1)} s: ${end.text}`)
  return {
    figure: `${runs} finished runs: ${before.text} before, ${after.text} after, ${end.text} once pruned to ${KEPT}; largest object ${largest} bytes; swarm get runs ${listed.ms.toFixed(0)} ms`,
    wrong,
  }
}

/** Lowers the team's limit, and follows the runs that go until what may stay is left. */
const prune = async (bench: Bench, runs: number): Promise<number> => {
  const { metadata } = await bench.api.ok<{ readonly metadata: { readonly resourceVersion: string } }>(
    'GET',
    `${collection}?limit=1`,
  )
  await bench.api.ok('PATCH', teamPath, {
    contentType: 'application/merge-patch+json',
    body: { spec: { successfulRunsHistoryLimit: KEPT } },
  })
  let left = runs
  for await (const { type, object } of bench.api.watch<SwarmRun>(
    `${collection}?resourceVersion=${metadata.resourceVersion}`,
  )) {
    if (type === 'DELETED' && object.spec.teamRef === team) left -= 1
    if (left <= KEPT) break
  }
  let listed = 0
  for await (const { items } of pagesOf(bench))
    listed += items.filter(({ spec }) => spec.teamRef === team).length
  return listed
}

/** Keeps so many under way until all are over. */
const finish = async ({
  bench,
  runs,
  atOnce,
  say,
  wrong,
}: {
  readonly bench: Bench
  readonly runs: number
  readonly atOnce: number
  readonly say: (line: string) => void
  readonly wrong: string[]
}): Promise<void> => {
  let created = 0
  const over = new Set<string>()
  const create = async (): Promise<void> => {
    created += 1
    await bench.api.ok('POST', collection, {
      body: {
        apiVersion: 'kubeswarm.io/v1alpha1',
        kind: 'SwarmRun',
        metadata: { name: `${team}-${created}`, namespace },
        spec: { teamRef: team, input: { alert: `High error rate, number ${created}` } },
      },
    })
  }
  for (let first = 0; first < Math.min(atOnce, runs); first += 1) void create()
  while (over.size < runs)
    // A watch ends after a while; what is there comes first then.
    for await (const { object } of bench.api.watch<SwarmRun>(collection)) {
      const { name } = object.metadata
      const phase = object.status?.phase ?? ''
      if (
        object.spec.teamRef !== team ||
        over.has(name) ||
        !['Succeeded', 'Failed', 'Cancelled'].includes(phase)
      )
        continue
      over.add(name)
      if (phase !== 'Succeeded' && wrong.length < 10) wrong.push(`${name} ended as ${phase}`)
      if (over.size % 1000 === 0) say(`${over.size} runs are over: ${memoryOf(bench).text}`)
      if (over.size === runs) break
      if (created < runs) void create()
    }
}

async function* pagesOf(
  bench: Bench,
): AsyncGenerator<{ readonly items: readonly SwarmRun[]; readonly ms: number }> {
  for (let token: string | undefined = ''; token !== undefined;) {
    const path: string = `${collection}?limit=500${token === '' ? '' : `&continue=${encodeURIComponent(token)}`}`
    const { value, ms }: { readonly value: Page; readonly ms: number } = await timed(() =>
      bench.api.ok<Page>('GET', path),
    )
    yield { items: value.items, ms }
    const { continue: next = '' } = value.metadata
    token = next === '' ? undefined : next
  }
}

const memoryOf = (bench: Bench) => {
  const members = bench.members.map((name) => ({ name, bytes: residentBytes(bench.pidOf(name) ?? 0) }))
  return { members, text: members.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ') }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`

const timed = async <T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> => {
  const startedAt = performance.now()
  return { value: await work(), ms: performance.now() - startedAt }
}
