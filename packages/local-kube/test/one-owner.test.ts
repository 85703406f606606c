/** One process to a directory, and no process without its parent: real processes, real SIGKILL. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startApiServer } from '../src/index.ts'
import { conformanceClient } from './conformance-runner.ts'
import { startClusterProcess, startServerProcess } from './server-process.ts'

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'one-owner-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('a second process on a directory is refused with the pid of the first, and served once that is killed', async () => {
  const directory = temporaryDirectory()
  const first = await startServerProcess(directory)
  onTestFinished(first.kill)
  await expect(startApiServer({ directory })).rejects.toMatchObject({ code: 'StoreLocked', pid: first.pid })
  // It was refused without harm: the first goes on.
  const client = conformanceClient(first.target)
  onTestFinished(client.close)
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
  const path = '/api/v1/namespaces/default/configmaps'
  expect((await client.send({ method: 'POST', path, body })).status).toBe(201)
  await first.kill()
  const second = await startApiServer({ directory })
  onTestFinished(second.close)
  const again = conformanceClient({ url: second.url, ca: second.caCertificate, token: second.token })
  onTestFinished(again.close)
  expect((await again.send({ method: 'GET', path: `${path}/a` })).status).toBe(200)
})

if (!existsSync('/proc/self/cmdline'))
  console.log('skipped: processes are looked for in /proc, which this machine does not have')

/** Processes, zombies aside, whose command line holds the word. */
const processesWith = (word: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word)
      } catch {
        return false
      }
    })
    .map(Number)

test.skipIf(!existsSync('/proc/self/cmdline'))(
  'no pod, and no child of a pod, survives kill -9 of the cluster, and the next cluster runs the pods again',
  async () => {
    const directory = temporaryDirectory()
    const word = `orphan-${process.pid}-${Date.now()}`
    const program = join(directory, `${word}.sh`)
    // Deaf to what could end it politely, and a parent itself.
    writeFileSync(
      program,
      'trap "" TERM HUP INT\nsh -c "sleep 1000; true" $0-child &\nwhile :; do sleep 1000; done\n',
    )
    const command = ['/bin/sh', program]
    const first = await startClusterProcess(join(directory, 'state'), command)
    onTestFinished(first.kill)
    const client = conformanceClient(first.target)
    onTestFinished(client.close)
    await client.send({
      method: 'POST',
      path: '/apis/apps/v1/namespaces/default/deployments',
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'deaf' },
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'deaf' } },
          template: {
            metadata: { labels: { app: 'deaf' } },
            spec: {
              terminationGracePeriodSeconds: 1,
              containers: [{ name: 'main', image: 'example.com/app' }],
            },
          },
        },
      },
    })
    const podProcesses = (): readonly number[] => processesWith(word).filter((pid) => pid !== first.pid)
    await expect.poll(() => podProcesses().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(6)
    await first.kill()
    await expect.poll(podProcesses, { timeout: 30_000 }).toEqual([])

    const second = await startClusterProcess(join(directory, 'state'), command)
    onTestFinished(async () => {
      await second.kill()
      await expect.poll(() => processesWith(word), { timeout: 30_000 }).toEqual([])
    })
    await expect
      .poll(() => processesWith(word).filter((pid) => pid !== second.pid).length, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(6)
  },
)
