import { expect, test } from 'vitest'
import { createManualClock } from '../ports/manual-clock.ts'
import { KubernetesApiError } from '../ports/resources.ts'
import { createStatusWriter } from './status-writer.ts'

interface Status {
  readonly phase: string
  readonly count: number
}

const setUp = () => {
  const clock = createManualClock()
  const written: Status[] = []
  const held: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  const writer = createStatusWriter<Status>({
    initial: undefined,
    phaseOf: ({ phase }) => phase,
    write: (status) =>
      new Promise((resolve, reject) => {
        held.push({ resolve: () => (written.push(status), resolve()), reject })
      }),
    clock,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const turn = async () => {
    for (let index = 0; index < 10; index += 1) await Promise.resolve()
  }
  const answer = async (error?: unknown) => {
    const next = held.shift()
    if (error === undefined) next?.resolve()
    else next?.reject(error)
    await turn()
  }
  return { clock, writer, written, held, answer, turn }
}
const refusal = (status: number) => new KubernetesApiError({ status, reason: 'Test', message: 'refused' })

test('while a write is under way the newest status replaces the ones before it', async () => {
  const { writer, written, held, answer } = setUp()
  for (let count = 1; count <= 5; count += 1) writer.push({ phase: 'Running', count })
  expect(held).toHaveLength(1)
  await answer()
  await answer()
  expect(written.map(({ count }) => count)).toEqual([1, 5])
  await writer.settled()
})

test('no phase is left out, however fast they follow each other', async () => {
  const { writer, written, answer } = setUp()
  for (const phase of ['Pending', 'Running', 'Succeeded']) writer.push({ phase, count: 0 })
  for (let index = 0; index < 3; index += 1) await answer()
  expect(written.map(({ phase }) => phase)).toEqual(['Pending', 'Running', 'Succeeded'])
})

test('a refused write is repeated with what is newest then (F62)', async () => {
  const { clock, writer, written, answer, turn } = setUp()
  writer.push({ phase: 'Running', count: 1 })
  await answer(refusal(409))
  writer.push({ phase: 'Running', count: 2 })
  clock.advance(1_000)
  await turn()
  await answer()
  expect(written).toEqual([{ phase: 'Running', count: 2 }])
})

test('an object that is gone is not written to again', async () => {
  const { clock, writer, held, answer } = setUp()
  writer.push({ phase: 'Running', count: 1 })
  await answer(refusal(404))
  clock.advance(60_000)
  expect(held).toHaveLength(0)
  await writer.settled()
})

test('what can wait waits no longer than the most urgent of it', async () => {
  const { clock, writer, written, held, answer, turn } = setUp()
  writer.push({ phase: 'Running', count: 1 }, { withinMs: 3_000 })
  writer.push({ phase: 'Running', count: 2 }, { withinMs: 1_000 })
  writer.push({ phase: 'Running', count: 3 }, { withinMs: 3_000 })
  clock.advance(999)
  expect(held).toHaveLength(0)
  clock.advance(1)
  await turn()
  await answer()
  clock.advance(10_000)
  expect(written).toEqual([{ phase: 'Running', count: 3 }])
  expect(held).toHaveLength(0)
})

test('counters wait for others to come, and a change of phase takes them along', async () => {
  const { clock, writer, written, held, answer, turn } = setUp()
  writer.push({ phase: 'Running', count: 1 })
  await answer()
  writer.push({ phase: 'Running', count: 2 }, { withinMs: 3_000 })
  writer.push({ phase: 'Running', count: 3 }, { withinMs: 3_000 })
  expect(held).toHaveLength(0)
  clock.advance(10_000)
  await turn()
  await answer()
  writer.push({ phase: 'Running', count: 4 }, { withinMs: 3_000 })
  writer.push({ phase: 'Succeeded', count: 5 })
  await answer()
  clock.advance(10_000)
  await turn()
  expect(written.map(({ count }) => count)).toEqual([1, 3, 5])
  expect(held).toHaveLength(0)
})
