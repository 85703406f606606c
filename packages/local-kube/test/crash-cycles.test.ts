/**
 * Writers against a server that is killed with SIGKILL again and again. What was answered is there afterwards, whole; what
 * was on its way is there or not. LOCAL_KUBE_SOAK=1 runs the long form.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { conformanceClient } from './conformance-runner.ts'
import type { Answer, Target } from './conformance-runner.ts'
import { startServerProcess } from './server-process.ts'

const soak = process.env['LOCAL_KUBE_SOAK'] !== undefined
const CYCLES = soak ? 50 : 3
const OBJECTS = soak ? 10_000 : 500
const WRITERS = 32
const path = '/api/v1/namespaces/default/configmaps'
const padding = 'p'.repeat(300)

interface StoredMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly data?: Readonly<Record<string, string>>
}

/** What a writer knows of its object: the state that was answered, and the one it asked for and heard nothing of. */
interface Belief {
  /** `undefined`: it is not there. */
  readonly answered: number | undefined
  readonly asked?: { readonly state: number | undefined }
}

const bodyOf = (name: string, state: number): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  // The first and the last field and a long one between: a torn object would differ.
  data: { a: String(state), m: padding, z: String(state) },
})

test(`every acknowledged write survives ${CYCLES} kills under ${WRITERS} writers, whole and in order`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'crash-cycles-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const beliefs = new Map<string, Belief>()
  const restarts: number[] = []
  let newest = 0
  let acknowledged = 0

  const first = await startServerProcess(directory)
  await fill(first.target)
  await first.kill()

  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    const server = await startServerProcess(directory)
    onTestFinished(server.kill)
    restarts.push(server.startedIn)
    const client = conformanceClient(server.target)
    const found = await listed(client.send)
    expect(problems(found.items, beliefs)).toEqual([])
    expect(found.revision).toBeGreaterThanOrEqual(newest)
    // From here on what is there is known.
    for (const name of beliefs.keys()) beliefs.set(name, { answered: stateOf(found.items.get(name)) })

    const enough = acknowledged + 50 + Math.floor(Math.random() * 400)
    let killed: Promise<void> | undefined
    const answeredIn = (answer: Answer): void => {
      acknowledged += 1
      if (acknowledged >= enough) killed ??= server.kill()
      const version = Number((answer.body as Partial<StoredMap>).metadata?.resourceVersion ?? 0)
      newest = Math.max(newest, version)
    }
    const write = async (name: string, turn: number): Promise<boolean> => {
      const { answered } = beliefs.get(name) ?? { answered: undefined }
      const state = answered === undefined ? 0 : turn % 5 === 4 ? undefined : answered + 1
      beliefs.set(name, { answered, asked: { state } })
      try {
        const answer = await send({ client, name, exists: answered !== undefined, state })
        expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status)
        const before = newest
        answeredIn(answer)
        if (state !== undefined) expect(newest).toBeGreaterThanOrEqual(before)
        beliefs.set(name, { answered: state })
        return true
      } catch (error) {
        if (killed === undefined) throw error
        return false
      }
    }
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let turn = 0; ; turn += 1) if (!(await write(`w${writer}-${turn % 3}`, turn))) return
      }),
    )
    await killed
    await client.close()
  }
  const slowest = Math.max(...restarts)
  console.log(
    `${acknowledged} acknowledged writes, ${CYCLES} kills; start of a process with ${OBJECTS} objects until it answers: ` +
      `median ${Math.round(restarts.toSorted((a, b) => a - b)[restarts.length >> 1] ?? 0)} ms, slowest ${Math.round(slowest)} ms`,
  )
}, 1_200_000)

async function fill(target: Target): Promise<void> {
  const client = conformanceClient(target)
  let next = 0
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (next < OBJECTS) {
        next += 1
        const { status } = await client.send({ method: 'POST', path, body: bodyOf(`filling-${next}`, 0) })
        expect(status).toBe(201)
      }
    }),
  )
  await client.close()
}

function send({
  client,
  name,
  exists,
  state,
}: {
  readonly client: ReturnType<typeof conformanceClient>
  readonly name: string
  readonly exists: boolean
  readonly state: number | undefined
}): Promise<Answer> {
  if (!exists) return client.send({ method: 'POST', path, body: bodyOf(name, state ?? 0) })
  if (state === undefined) return client.send({ method: 'DELETE', path: `${path}/${name}` })
  const type = 'application/merge-patch+json'
  return client.send({ method: 'PATCH', path: `${path}/${name}`, type, body: bodyOf(name, state) })
}

async function listed(
  ask: ReturnType<typeof conformanceClient>['send'],
): Promise<{ readonly items: ReadonlyMap<string, StoredMap>; readonly revision: number }> {
  const { body } = await ask({ method: 'GET', path })
  const { items, metadata } = body as {
    readonly items: readonly StoredMap[]
    readonly metadata: { readonly resourceVersion: string }
  }
  return {
    items: new Map(items.map((item) => [item.metadata.name, item])),
    revision: Number(metadata.resourceVersion),
  }
}

const stateOf = (object: StoredMap | undefined): number | undefined =>
  object === undefined ? undefined : Number(object.data?.['a'])

function problems(
  items: ReadonlyMap<string, StoredMap>,
  beliefs: ReadonlyMap<string, Belief>,
): readonly string[] {
  const torn = [...items.values()]
    .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
    .filter(({ data }) => data?.['a'] !== data?.['z'] || data?.['m'] !== padding)
    .map(({ metadata }) => `${metadata.name} is torn`)
  const filling = [...items.keys()].filter((name) => name.startsWith('filling-')).length
  const versions = new Set([...items.values()].map(({ metadata }) => metadata.resourceVersion))
  const lost = [...beliefs].flatMap(([name, { answered, asked }]) => {
    const state = stateOf(items.get(name))
    const possible = asked === undefined ? [answered] : [answered, asked.state]
    return possible.includes(state) ? [] : [`${name} is ${state}, not ${possible.join(' or ')}`]
  })
  return [
    ...torn,
    ...lost,
    ...(filling === OBJECTS ? [] : [`${filling} of ${OBJECTS} objects are there`]),
    ...(versions.size === items.size ? [] : ['two objects share a resourceVersion']),
  ]
}
