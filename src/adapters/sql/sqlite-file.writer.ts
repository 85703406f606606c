// Writes to a store as fast as 16 callers can and tells its parent what was acknowledged, until it is killed.

import { intended, runKey, taskOf } from '../../ports/store.fixtures.ts'
import { openSqliteStore } from './sqlite.ts'

const [path = '', name = ''] = process.argv.slice(2)
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms: number, action: () => void) => {
    const timer = setTimeout(action, ms)
    return () => clearTimeout(timer)
  },
}
const store = openSqliteStore({ path, clock })

const write = async (caller: number): Promise<void> => {
  const run = runKey(`${name}-${caller}`)
  for (let turn = 1; ; turn++) {
    const records = [0, 1].map((call) => intended(taskOf({ run }), { turn, call }))
    const stored = await store.journal.append({ run, records })
    process.send?.(stored.map(({ key }) => `${run.uid} ${key}`))
  }
}

await Promise.all(Array.from({ length: 16 }, (_, caller) => write(caller)))
