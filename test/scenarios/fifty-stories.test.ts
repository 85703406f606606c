// The story fifty times on one cluster: nothing accumulates that should not. Processes and open files are counted, and
// growth of memory is shown.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiOf, type Api } from './support/api.ts'
import { canSeeProcesses, childrenOf, openFiles, residentBytes } from './support/processes.ts'
import { copyStory, ledgerOf, namespace, runPath } from './support/story.ts'
import { startDevProcess, type DevProcess } from './support/swarm.ts'

if (!canSeeProcesses)
  console.log('skipped: processes and open files are counted in /proc, which this machine does not have')

describe.skipIf(!canSeeProcesses)('fifty stories in a row', () => {
  let dev: DevProcess
  let api: Api
  const copy = copyStory()
  beforeAll(async () => {
    // Its policy lets a namespace use 200000 tokens a day: that is 21 stories.
    copy.drop('incident-policy.yaml')
    dev = await startDevProcess({ args: ['--ephemeral', '--script', 'responder', copy.directory] })
    api = apiOf(dev.kubeconfig)
  })
  afterAll(async () => {
    await dev?.stop()
    copy.remove()
  })

  const runs = runPath('').slice(0, -1)
  const alert =
    'PagerDuty Incident P-48291: High error rate on payments-api\nSeverity: High\nService: payments-api'
  const play = async (name: string): Promise<void> => {
    await api.ok('POST', runs, {
      body: {
        apiVersion: 'kubeswarm.io/v1alpha1',
        kind: 'SwarmRun',
        metadata: { name, namespace },
        spec: { teamRef: 'incident-responder', input: { alert } },
      },
    })
    const { status } = await api.until<Run>(
      runPath(name),
      (run) => run.status?.phase === 'Succeeded' || run.status?.phase === 'Failed',
    )
    expect(status?.phase, `${name}: ${JSON.stringify(status)}`).toBe('Succeeded')
  }
  /** Names of the runs there are, once there are no more than so many. */
  const kept = async (most: number): Promise<readonly string[]> => {
    const { items, metadata } = await api.ok<{
      items: readonly Run[]
      metadata: { resourceVersion: string }
    }>('GET', runs)
    const names = new Set(items.map((run) => run.metadata.name))
    if (names.size <= most) return [...names].toSorted()
    for await (const { type, object } of api.watch<Run>(
      `${runs}?resourceVersion=${metadata.resourceVersion}`,
    )) {
      if (type === 'DELETED') names.delete(object.metadata.name)
      if (names.size <= most) break
    }
    return [...names].toSorted()
  }
  /** Told per process, so that a failure says whose files grew; sorted, because pids do not matter. */
  const look = () => {
    const processes = childrenOf(dev.pid)
    return {
      resident: residentBytes(dev.pid),
      processes: processes.map(({ command }) => command.replace(/^.*swarm\.js /, '')).toSorted(),
      files: [dev.pid, ...processes.map(({ pid }) => pid)].map((pid) =>
        tally(openFiles(pid).filter((file) => file !== 'socket')),
      ),
      sockets: [dev.pid, ...processes.map(({ pid }) => pid)].map(
        (pid) => openFiles(pid).filter((file) => file === 'socket').length,
      ),
    }
  }

  test('all succeed, and the fiftieth finds the house as the tenth did', { timeout: 300_000 }, async () => {
    for (let number = 1; number <= 10; number += 1) await play(`story-${number}`)
    const early = look()
    for (let number = 11; number <= 50; number += 1) {
      await play(`story-${number}`)
      // People tidy up; what is deleted must let go of everything too.
      if (number % 5 === 0 && number < 50) await api.ok('DELETE', runPath(`story-${number - 3}`))
    }
    const late = look()

    expect(late.processes).toEqual(early.processes)
    expect(late.files).toEqual(early.files)
    // Kept-alive connections come and go; they must not add up.
    late.sockets.forEach((count, index) =>
      expect(
        count,
        `sockets of process ${index}, after ten runs ${early.sockets[index]}`,
      ).toBeLessThanOrEqual((early.sockets[index] ?? 0) + 4),
    )
    const grown = (late.resident - early.resident) / 2 ** 20
    console.log(
      `memory of swarm dev: ${mib(early.resident)} after 10 runs, ${mib(late.resident)} after 50; sockets ${early.sockets.join(' ')} → ${late.sockets.join(' ')}`,
    )
    // It grows while heap and caches fill, and levels off: 306, 325, 344, 348 MiB after 50, 100, 150, 200 stories.
    expect(grown).toBeLessThan(150)

    expect(
      (await ledgerOf({ api, server: 'slack' })).filter(({ tool }) => tool === 'post_message'),
    ).toHaveLength(50)
    expect(
      (await ledgerOf({ api, server: 'pagerduty' })).filter(({ tool }) => tool === 'acknowledge_incident'),
    ).toHaveLength(50)
    // The team keeps its ten newest runs; number 42 was deleted by hand.
    expect(await kept(10)).toEqual(
      [40, 41, 43, 44, 45, 46, 47, 48, 49, 50].map((number) => `story-${number}`),
    )
  })
})

interface Run {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly phase?: string }
}

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
const tally = (files: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const file of files.toSorted()) counts[file] = (counts[file] ?? 0) + 1
  return counts
}
