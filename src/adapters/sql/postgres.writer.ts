// Writes to a database as fast as 8 callers can, all of them to the same few runs as other writers, and tells its
// parent what was acknowledged, until it is killed.

import { intended, runKey, taskOf } from '../../ports/store.fixtures.ts'
import { realClock } from './postgres.fixtures.ts'
import { openPostgresStore } from './postgres.ts'

const [url = '', name = ''] = process.argv.slice(2)
const store = await openPostgresStore({ url, clock: realClock })

const write = async (caller: number): Promise<void> => {
  const run = runKey(`run-${caller % 4}`)
  for (let turn = 1; ; turn++) {
    const task = taskOf({ run, step: `${name}-${caller}` })
    const stored = await store.journal.append({
      run,
      records: [0, 1].map((call) => intended(task, { turn, call })),
      contents: [`answer ${turn % 50}`, `answer ${turn % 7}`],
    })
    process.send?.(stored.map(({ key }) => `${run.uid} ${key}`))
  }
}

await Promise.all(Array.from({ length: 8 }, (_, caller) => write(caller)))
