// A few cells of the crash matrix, one of each kind: real processes on an embedded cluster, killed at a named boundary.
// The whole matrix is `npm run test:chaos -- crash-matrix`.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Bench } from '../chaos/bench.ts'
import { playCell, type Cell } from '../chaos/crash-matrix.ts'

describe('a process killed at a boundary', () => {
  const bench = new Bench({ leaseSeconds: 2 })
  beforeAll(async () => {
    await bench.start()
  })
  afterAll(async () => {
    await bench.close()
  })

  const succeeds: readonly Cell[] = [
    { part: 'hub', point: 'accept.after' },
    { part: 'operator', point: 'submit.after', step: 'diagnostician' },
    { part: 'operator', point: 'end.before' },
    { part: 'hub', point: 'finish.after', step: 'investigator' },
    { part: 'agent', point: 'model.after', step: 'investigator' },
    { part: 'agent', point: 'tool.after', step: 'investigator' },
    { part: 'agent', point: 'finish.before', step: 'notifier' },
  ]
  test.each(succeeds.map((cell) => ({ ...cell, place: [cell.point, cell.step ?? 'run'].join(' of ') })))(
    'F01 F03 F04 F88 D1 D2 D5: the $part dies at $place, and no message, turn or run is lost or doubled',
    async ({ place: _place, ...cell }) => {
      const result = await playCell(bench, cell)
      expect(result.wrong).toEqual([])
      expect(result).toMatchObject({ ended: 'Succeeded', posts: 1 })
    },
  )

  test('F02 P7: an agent that dies between a message and its answer leaves an unknown outcome, and one message', async () => {
    const result = await playCell(bench, { part: 'agent', point: 'tool.after', step: 'notifier' })
    expect(result.wrong).toEqual([])
    expect(result).toMatchObject({ ended: 'OutcomeUnknown', posts: 1 })
  })
})
