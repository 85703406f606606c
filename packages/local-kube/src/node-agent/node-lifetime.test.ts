// What happens to pods when the node agent stops, dies and comes back.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Node, Pod } from '../client/kubernetes-types.ts'
import { deployment, image, kinds, serverProgram, startCluster, type Cluster } from './cluster.fixture.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ withNode: false })
})
afterAll(() => cluster.close())

/** Processes whose command line mentions the test program and this word. */
const processes = async (word: string): Promise<readonly number[]> => {
  const { readdirSync } = await import('node:fs')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes('server.js') && line.includes(word)
      } catch {
        return false
      }
    })
}

const condition = (node: Node, type: string): string | undefined =>
  ((node.status?.['conditions'] ?? []) as { type: string; status: string }[]).find(
    (entry) => entry.type === type,
  )?.status

describe('a node agent', () => {
  it('that is killed with SIGKILL leaves no process, and the next one takes the pods up again', async () => {
    const word = `kill-${process.pid}`
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'survivor', replicas: 2, container: { args: [word] } }),
    )
    const program = join(cluster.directory, 'agent.ts')
    const state = join(cluster.directory, 'killed')
    writeFileSync(
      program,
      `import { startNodeAgent } from ${JSON.stringify(join(import.meta.dirname, 'start-node-agent.ts'))}
       await startNodeAgent({
         kubeconfig: ${JSON.stringify(cluster.kubeconfig)},
         images: [{ match: ${JSON.stringify(image)}, command: [process.execPath, ${JSON.stringify(serverProgram)}] }],
         stateDirectory: ${JSON.stringify(state)},
       })`,
    )
    const agent = spawn(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit'] })
    onTestFinished(() => void agent.kill('SIGKILL'))
    const first = await cluster.readyPod('app=survivor')
    await cluster.eventually('two processes', async () => (await processes(word)).length >= 2)
    agent.kill('SIGKILL')
    await cluster.eventually('no process', async () => (await processes(word)).length === 0)

    await cluster.startNode({ stateDirectory: state })
    const again = await cluster.eventually('the same pod, restarted and ready', async () => {
      const pod = await cluster.client.get<Pod>({
        kind: kinds.pods,
        namespace: 'default',
        name: first.metadata.name,
      })
      const [status] = pod.status?.containerStatuses ?? []
      return status?.restartCount === 1 && status.ready && pod
    })
    expect(again.metadata.uid).toBe(first.metadata.uid)
    expect(again.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137)
  })

  it('that stops ends its processes gracefully and leaves a truthful status', async () => {
    const word = `stop-${process.pid}`
    await cluster.create(kinds.deployments, deployment({ name: 'stopper', container: { args: [word] } }))
    const pod = await cluster.readyPod('app=stopper')
    expect(condition(await cluster.client.get<Node>({ kind: kinds.nodes, name: 'local' }), 'Ready')).toBe(
      'True',
    )
    await cluster.node().close()
    expect(await processes(word)).toEqual([])
    const left = await cluster.client.get<Pod>({
      kind: kinds.pods,
      namespace: 'default',
      name: pod.metadata.name,
    })
    expect(left.status?.containerStatuses?.[0]).toMatchObject({
      ready: false,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    })
    expect(left.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False')
    expect(condition(await cluster.client.get<Node>({ kind: kinds.nodes, name: 'local' }), 'Ready')).toBe(
      'False',
    )
    await cluster.startNode({ stateDirectory: join(cluster.directory, 'killed') })
    await cluster.readyPod('app=stopper')
  })

  it('and the controllers go on when the API server is started anew, and no pod is restarted for it', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'steady' }))
    const pod = await cluster.readyPod('app=steady')
    await cluster.restartServer()
    await cluster.eventually('the server takes writes', async () => {
      // The first request may still go out on a connection of the old server; only this client's caller may repeat it.
      await cluster.create(kinds.deployments, deployment({ name: 'afterwards' }))
      return true
    })
    await cluster.readyPod('app=afterwards')
    const same = await cluster.readyPod('app=steady')
    expect(same.metadata.uid).toBe(pod.metadata.uid)
    expect(same.status?.containerStatuses?.[0]?.restartCount).toBe(0)
    expect(await cluster.logs(same.metadata.name)).toContain('listening')
  })

  it('shows the logs of pods that ended while an earlier agent ran', async () => {
    const spec = {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, args: ['bye'], env: [{ name: 'MODE', value: 'done' }] }],
    }
    await cluster.create(kinds.pods, { metadata: { name: 'done' }, spec })
    await cluster.eventually('Succeeded', async () => {
      const pod = await cluster.client.get<Pod>({ kind: kinds.pods, namespace: 'default', name: 'done' })
      return pod.status?.phase === 'Succeeded'
    })
    await cluster.node().close()
    await cluster.startNode({ stateDirectory: join(cluster.directory, 'killed') })
    expect(await cluster.logs('done')).toBe('started bye\n')
  })

  it('kills what ignores SIGTERM when the grace period is over, and at once when forced', async () => {
    const stubborn = {
      command: ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 1; done'],
      ports: [],
      readinessProbe: undefined,
    }
    const pod = (name: string, grace: number) => ({
      metadata: { name },
      spec: { terminationGracePeriodSeconds: grace, containers: [{ name: 'main', image, ...stubborn }] },
    })
    await cluster.create(kinds.pods, pod('stubborn', 1))
    await cluster.create(kinds.pods, pod('forced', 600))
    const running = (name: string) =>
      cluster.eventually(`${name} runs`, async () => (await cluster.logs(name)).includes('up'))
    await running('stubborn')
    await running('forced')
    const gone = (name: string) =>
      cluster.eventually(`${name} is gone`, async () =>
        (await cluster.pods()).every(({ metadata }) => metadata.name !== name),
      )
    await cluster.client.delete({ kind: kinds.pods, namespace: 'default', name: 'stubborn' })
    await gone('stubborn')
    await cluster.client.delete({
      kind: kinds.pods,
      namespace: 'default',
      name: 'forced',
      gracePeriodSeconds: 0,
    })
    await gone('forced')
  })
})
