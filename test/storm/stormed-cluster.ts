// What a storm hits, and what dies in it: all that `swarm dev` started, agents included, or operator and hub alone,
// beside an API server and agents that live on.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startLocalKube } from 'local-kube'
import { connectKubernetes } from '../../src/adapters/kubernetes/connect-kubernetes.ts'
import { applyManifest, inApplyOrder } from '../../src/processes/dev/apply-manifests.ts'
import { publishEndpoints } from '../../src/processes/dev/publish-endpoints.ts'
import { readManifests } from '../../src/processes/dev/read-directory.ts'
import { imageRepository } from '../../src/processes/version.ts'
import { apiOf } from '../scenarios/support/api.ts'
import { freePort } from '../scenarios/support/free-port.ts'
import { checkout, cleanEnvironment, startDevProcess } from '../scenarios/support/swarm.ts'

export type Victims = 'everything' | 'control-plane'

export interface StormedCluster {
  readonly kubeconfig: string
  readonly hubUrl: string
  /** `kill -9`, and started again. */
  strike(): Promise<void>
  close(): Promise<void>
}

interface Setting {
  /** Where it may keep things. */
  readonly directory: string
  readonly manifests: string
  readonly modelUrl: string
}

export const startStormedCluster = ({
  victims,
  ...setting
}: Setting & { readonly victims: Victims }): Promise<StormedCluster> =>
  victims === 'everything' ? wholeCluster(setting) : clusterInParts(setting)

const wholeCluster = async ({ directory, manifests, modelUrl }: Setting): Promise<StormedCluster> => {
  const port = await freePort()
  const start = (more: readonly string[] = []) =>
    startDevProcess({
      args: [
        '--state',
        join(directory, 'state'),
        '--hub-port',
        String(port),
        '--log-level',
        'error',
        ...more,
      ],
      environment: { OPENAI_BASE_URL: modelUrl },
    })
  let dev = await start([manifests])
  return {
    get kubeconfig() {
      return dev.kubeconfig
    },
    hubUrl: `http://127.0.0.1:${port}`,
    async strike() {
      await dev.stop('SIGKILL')
      dev = await start()
    },
    close: async () => void (await dev.stop()),
  }
}

const clusterInParts = async ({ directory, manifests, modelUrl }: Setting): Promise<StormedCluster> => {
  const entry = join(checkout, 'bin/swarm.js')
  const kube = await startLocalKube({
    port: 0,
    nodeAgent: {
      images: [{ match: imageRepository, command: [process.execPath, entry] }],
      stateDirectory: join(directory, 'node'),
      longestShutdownMilliseconds: 1000,
    },
  })
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, kube.kubeconfig(), { mode: 0o600 })
  const port = await freePort()
  const hubUrl = `http://127.0.0.1:${port}`
  const state = join(directory, 'state')
  mkdirSync(state)

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [entry, 'control-plane'], {
      cwd: checkout,
      env: cleanEnvironment({
        KUBECONFIG: kubeconfig,
        KUBESWARM_HUB_PORT: String(port),
        KUBESWARM_HUB_URL: hubUrl,
        KUBESWARM_STATE_DIRECTORY: state,
        KUBESWARM_MODEL_BASE_URL: modelUrl,
        KUBESWARM_ADMISSION_PORT: 'off',
        LOG_LEVEL: 'error',
      }),
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const isReady = async (): Promise<boolean> =>
      (await fetch(`${hubUrl}/readyz`).catch(() => undefined))?.ok === true
    while (!(await isReady())) {
      if (child.exitCode !== null) throw new Error(`operator and hub ended with ${child.exitCode}`)
      await pause(100)
    }
    return child
  }
  const stop = async (child: ChildProcess): Promise<void> => {
    const ended = once(child, 'close')
    child.kill('SIGKILL')
    await ended
  }

  let child = await start()
  const connection = await connectKubernetes({ kubeconfig: kube.kubeconfig() })
  try {
    const api = apiOf(kubeconfig)
    while ((await api.send('GET', '/apis/kubeswarm.io/v1alpha1')).status !== 200) await pause(100)
    await publishEndpoints({ resources: connection, hubUrl, webhookBaseUrl: hubUrl })
    const { objects } = await readManifests(manifests)
    for (const object of inApplyOrder(objects.map((read) => read.object)))
      await applyManifest({ transport: connection.transport, object })
  } finally {
    await connection.close()
  }
  return {
    kubeconfig,
    hubUrl,
    async strike() {
      await stop(child)
      child = await start()
    },
    async close() {
      await stop(child)
      await kube.close()
    },
  }
}
