import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { between, boundaryOf } from './crash-plan.ts'

const directory = mkdtempSync(join(tmpdir(), 'crash-plan-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const path = join(directory, 'plan')

test('without a plan file in the environment there are no boundaries at all', () => {
  expect(boundaryOf({ path: undefined, part: 'agent' })).toBeUndefined()
  expect(boundaryOf({ path: '', part: 'hub' })).toBeUndefined()
})

test('a plan for another process, place or step, and no plan, let work pass', async () => {
  const boundary = boundaryOf({ path, part: 'agent' })
  expect(boundary).toBeDefined()
  if (boundary === undefined) return
  const work = () => between({ boundary, verb: 'finish', step: 'notifier', work: async () => 'done' })
  expect(await work()).toBe('done')
  for (const plan of [
    { part: 'hub', point: 'finish.before' },
    { part: 'agent', point: 'lease.after' },
    { part: 'agent', point: 'finish.after', step: 'investigator' },
    { part: 'agent', point: 'finish.after', nth: 2 },
  ]) {
    writeFileSync(path, JSON.stringify(plan))
    expect(await work()).toBe('done')
  }
})
