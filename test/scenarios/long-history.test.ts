// Large numbers, with real processes. As many steps as a team may have; some hundred finished runs: lists are whole,
// objects small, processes within a small heap, and the team's limits take the history away again. Ten thousand:
// npm run test:chaos -- history.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { Bench } from '../chaos/bench.ts'
import { HEAP_MEGABYTES, longHistory, manyAtOnce } from '../chaos/history.ts'
import { canSeeProcesses } from './support/processes.ts'
import { namespace, recordsOf, runPath } from './support/story.ts'

if (!canSeeProcesses) console.log('skipped: memory is told by /proc, which this machine does not have')

const bench = new Bench({ edit: manyAtOnce, heapMegabytes: HEAP_MEGABYTES })
beforeAll(async () => {
  if (canSeeProcesses) await bench.start()
})
afterAll(() => bench.close())

const MOST_STEPS = 200

/** A team of ten lines of steps, each of which waits for the one before it. */
const team = (steps: number) => ({
  apiVersion: 'kubeswarm.io/v1alpha1',
  kind: 'SwarmTeam',
  metadata: { name: 'ten-lines', namespace },
  spec: {
    roles: [{ name: 'worker', swarmAgent: 'incident-diagnostician' }],
    pipeline: Array.from({ length: steps }, (_, index) => ({
      role: 'worker',
      name: `step-${index}`,
      ...(index < 10 ? {} : { dependsOn: [`step-${index - 10}`] }),
      inputs: {
        alert: '{{ .input.alert }}',
        ...(index < 10 ? {} : { investigation: `{{ index .steps "step-${index - 10}" "output" }}` }),
      },
    })),
  },
})

test.skipIf(!canSeeProcesses)(
  'F65 a team has two hundred steps and not one more, and its run is a small object',
  async () => {
    const teams = `/apis/kubeswarm.io/v1alpha1/namespaces/${namespace}/swarmteams`
    const { status, text } = await bench.api.send('POST', teams, { body: team(MOST_STEPS + 1) })
    expect(status).toBe(422)
    expect(text).toContain(
      `spec.pipeline: Too many: ${MOST_STEPS + 1}: must have at most ${MOST_STEPS} items`,
    )

    await bench.api.ok('POST', teams, { body: team(MOST_STEPS) })
    const name = 'two-hundred-steps'
    await bench.api.ok('POST', runPath('').slice(0, -1), {
      body: {
        apiVersion: 'kubeswarm.io/v1alpha1',
        kind: 'SwarmRun',
        metadata: { name, namespace },
        spec: { teamRef: 'ten-lines', input: { alert: 'High error rate' } },
      },
    })
    const run = await bench.ended(name)
    expect(run.status).toMatchObject({ phase: 'Succeeded', stepsDone: `${MOST_STEPS}/${MOST_STEPS}` })
    const bytes = Buffer.byteLength(JSON.stringify(run))
    console.log(`a run of ${MOST_STEPS} steps: ${bytes} bytes`)
    expect(bytes).toBeLessThan(256 * 1024)
    expect(recordsOf(await bench.journal(name), 'task.completed')).toHaveLength(MOST_STEPS)
  },
)

test.skipIf(!canSeeProcesses)(
  'F65 F66 a history is listed page by page and goes when its limits say so',
  async () => {
    const { figure, wrong } = await longHistory(bench, { runs: 201 })
    console.log(figure)
    expect(wrong).toEqual([])
  },
)
