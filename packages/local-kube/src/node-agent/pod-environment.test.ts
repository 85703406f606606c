// What a container is given: variables and files from everywhere they can come from, names of Services, and its logs by
// time. Against the real API server of this package, in real processes.

import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request } from 'undici'
import type { Pod } from '../client/kubernetes-types.ts'
import { deployment, image, kinds, service, startCluster, type Cluster } from './cluster.fixture.ts'
import { hostPortsAnnotation } from './ports.ts'
import { kubernetesBackoff, nextRestartDelay } from './restart-backoff.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.close())

const environmentOf = async (pod: Pod): Promise<Record<string, string>> => {
  const ports = JSON.parse(pod.metadata.annotations?.[hostPortsAnnotation] ?? '{}') as Record<string, number>
  const reply = await request(`http://127.0.0.1:${ports['8080']}/env`)
  return (await reply.body.json()) as Record<string, string>
}
const mountsOf = (environment: Record<string, string>): Record<string, string> =>
  JSON.parse(environment['LOCAL_KUBE_MOUNTS'] ?? '{}') as Record<string, string>

describe('the environment of a container', () => {
  it('is made of values, ConfigMaps, Secrets, fields of the pod and its resources', async () => {
    await cluster.create(kinds.configMaps, {
      metadata: { name: 'settings' },
      data: { LEVEL: 'info', MODE_OF_TRAVEL: 'boat' },
    })
    await cluster.create(kinds.secrets, { metadata: { name: 'keys' }, stringData: { API_KEY: 'sesame' } })
    const env = [
      { name: 'PLAIN', value: 'p' },
      { name: 'COMPOSED', value: '$(PLAIN)/$(FROM_MAP)/$(UNKNOWN)' },
      { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LEVEL' } } },
      { name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'keys', key: 'API_KEY' } } },
      { name: 'ABSENT', valueFrom: { secretKeyRef: { name: 'keys', key: 'NO', optional: true } } },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'TEAM', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
    ]
    const envFrom = [
      { prefix: 'MAP_', configMapRef: { name: 'settings' } },
      { secretRef: { name: 'keys' } },
      { configMapRef: { name: 'nowhere', optional: true } },
    ]
    const resources = { limits: { memory: '64Mi' }, requests: { cpu: '250m' } }
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'informed', container: { env, envFrom, resources } }),
    )
    const pod = await cluster.readyPod('app=informed')
    expect(await environmentOf(pod)).toMatchObject({
      PLAIN: 'p',
      COMPOSED: 'p/$(FROM_MAP)/$(UNKNOWN)',
      FROM_MAP: 'info',
      FROM_SECRET: 'sesame',
      POD_NAME: pod.metadata.name,
      POD_IP: '127.0.0.1',
      TEAM: 'informed',
      MEMORY: '64',
      CPU: '250',
      MAP_LEVEL: 'info',
      MAP_MODE_OF_TRAVEL: 'boat',
      API_KEY: 'sesame',
    })
    expect(await environmentOf(pod)).not.toHaveProperty('ABSENT')
  })

  it('waits for a ConfigMap that is not there yet, and says which', async () => {
    const env = [{ name: 'LATE', valueFrom: { configMapKeyRef: { name: 'late-settings', key: 'a' } } }]
    await cluster.create(kinds.deployments, deployment({ name: 'patient', container: { env } }))
    await cluster.eventually('a waiting container', async () => {
      const [pod] = await cluster.pods('app=patient')
      const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting
      return (
        waiting?.reason === 'CreateContainerConfigError' &&
        waiting.message?.includes('late-settings') === true
      )
    })
    await cluster.create(kinds.configMaps, { metadata: { name: 'late-settings' }, data: { a: 'b' } })
    expect(await environmentOf(await cluster.readyPod('app=patient'))).toMatchObject({ LATE: 'b' })
  })
})

describe('the files of a container', () => {
  it('come from Secrets, the pod itself and several sources at once; an emptyDir is shared and starts empty', async () => {
    await cluster.create(kinds.secrets, { metadata: { name: 'files' }, stringData: { password: 'sesame' } })
    await cluster.create(kinds.configMaps, { metadata: { name: 'files' }, data: { 'a.conf': 'x = 1' } })
    const volumes = [
      { name: 'secret', secret: { secretName: 'files' } },
      {
        name: 'about',
        downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
      },
      {
        name: 'mixed',
        projected: {
          sources: [
            { configMap: { name: 'files' } },
            { secret: { name: 'files', items: [{ key: 'password', path: 'inner/password' }] } },
            { serviceAccountToken: { path: 'token' } },
          ],
        },
      },
      { name: 'scratch', emptyDir: {} },
    ]
    const volumeMounts = [
      { name: 'secret', mountPath: '/etc/secret' },
      { name: 'about', mountPath: '/etc/about' },
      { name: 'mixed', mountPath: '/etc/mixed' },
      { name: 'scratch', mountPath: '/scratch' },
    ]
    const other = {
      name: 'other',
      image: `${image}:1`,
      args: ['other'],
      volumeMounts: [{ name: 'scratch', mountPath: '/elsewhere' }],
      env: [{ name: 'SHARED', value: '/elsewhere' }],
      command: [
        'sh',
        '-c',
        'until [ -f "$SHARED/asked" ]; do sleep 0.05; done; echo answer > "$SHARED/answer"; sleep 1000',
      ],
    }
    const plain = deployment({ name: 'filed', container: { volumeMounts }, pod: { volumes } })
    const { template } = plain.spec
    const spec = {
      ...plain.spec,
      template: {
        ...template,
        spec: { ...template.spec, containers: [...template.spec.containers, other] },
      },
    }
    await cluster.create(kinds.deployments, { ...plain, spec })
    const pod = await cluster.readyPod('app=filed')
    const mounts = mountsOf(await environmentOf(pod))
    const read = (path: string): string => {
      const [mount = ''] = Object.keys(mounts).filter((candidate) => path.startsWith(`${candidate}/`))
      return readFileSync(path.replace(mount, mounts[mount] ?? ''), 'utf8')
    }
    expect(read('/etc/secret/password')).toBe('sesame')
    expect(read('/etc/about/labels')).toContain('app="filed"')
    expect(read('/etc/mixed/a.conf')).toBe('x = 1')
    expect(read('/etc/mixed/inner/password')).toBe('sesame')
    expect(read('/etc/mixed/token').split('.')).toHaveLength(3)
    writeFileSync(`${mounts['/scratch']}/asked`, '')
    await cluster.eventually('what the other container wrote', () => {
      try {
        return read('/scratch/answer') === 'answer\n'
      } catch {
        return false
      }
    })
  })
})

describe('a process in a pod', () => {
  it('finds a Service by the resolver and by the proxy of its environment', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'called' }))
    await cluster.create(kinds.services, service('called'))
    await cluster.readyPod('app=called')
    // Node speaks through the proxy of its environment when it is asked to; curl and Python do so anyway.
    const program = `
      const { host, port } = await (await fetch(process.env.LOCAL_KUBE_RESOLVER + '?host=called.default.svc&port=80')).json()
      console.log('resolver: ' + (await (await fetch('http://' + host + ':' + port)).text()).trim())
      console.log('proxy: ' + (await (await fetch('http://called.default.svc/')).text()).trim())
      console.log('bare: ' + (await (await fetch('http://called.default/')).text()).trim())`
    await cluster.create(kinds.pods, {
      metadata: { name: 'caller' },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            image: `${image}:1`,
            command: [process.execPath, '--input-type=module', '-e', program],
            env: [{ name: 'NODE_USE_ENV_PROXY', value: '1' }],
          },
        ],
      },
    })
    await cluster.eventually('its end', async () => {
      const pod = await cluster.client.get<Pod>({ kind: kinds.pods, namespace: 'default', name: 'caller' })
      return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    })
    const [called] = await cluster.pods('app=called')
    expect(await cluster.logs('caller')).toBe(
      ['resolver', 'proxy', 'bare'].map((way) => `${way}: hello from ${called?.metadata.name}\n`).join(''),
    )
  })
})

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string }
    readonly containers: readonly {
      readonly name: string
      readonly cpu: { readonly usageCoreNanoSeconds: number }
      readonly memory: { readonly workingSetBytes: number }
    }[]
  }[]
}

if (process.platform !== 'linux')
  console.log('skipped: what a container uses is read from /proc, which this machine does not have')

describe.skipIf(process.platform !== 'linux')('the figures of a node', () => {
  it('say what each container uses, its children included', async () => {
    // Work and memory in a child: the container is its whole group.
    const greedy =
      'const held = Buffer.alloc(150e6, 1); for (let n = 0; ; n += 1) if (held[n % 150e6] === 2) break'
    const command = ['sh', '-c', `${JSON.stringify(process.execPath)} -e '${greedy}' & wait`]
    const plain = { ports: [], readinessProbe: undefined }
    await cluster.create(kinds.deployments, deployment({ name: 'greedy', container: { ...plain, command } }))
    await cluster.create(kinds.deployments, deployment({ name: 'modest' }))
    const greedyPod = await cluster.readyPod('app=greedy')
    const modestPod = await cluster.readyPod('app=modest')
    const used = async (pod: Pod) => {
      const { pods } = await cluster.client.request<Summary>({
        path: '/api/v1/nodes/local/proxy/stats/summary',
      })
      return pods.find(({ podRef }) => podRef.name === pod.metadata.name)?.containers[0]
    }
    await cluster.eventually('the figures of the greedy one', async () => {
      const figures = await used(greedyPod)
      return (
        figures?.name === 'main' &&
        figures.memory.workingSetBytes > 150e6 &&
        figures.cpu.usageCoreNanoSeconds > 0.2e9
      )
    })
    const modest = await used(modestPod)
    expect(modest?.memory.workingSetBytes).toBeGreaterThan(1e6)
    expect(modest?.memory.workingSetBytes).toBeLessThan(150e6)
    await cluster.client.delete({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'greedy',
      propagationPolicy: 'Background',
    })
    await cluster.eventually('nothing of it', async () => (await used(greedyPod)) === undefined)
  })
})

describe('the log of a container', () => {
  it('is asked for by time, and by time and tail', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'timed', container: { args: ['early'] } }))
    const { metadata } = await cluster.readyPod('app=timed')
    await cluster.eventually('both lines', async () =>
      (await cluster.logs(metadata.name)).endsWith('listening\n'),
    )
    const lines = (await cluster.logs(metadata.name, '?timestamps=true')).trim().split('\n')
    const [, second = ''] = lines.map((line) => line.split(' ')[0] ?? '')
    expect(lines).toHaveLength(2)
    // To the millisecond, which is what a query can say exactly in both directions.
    const after = new Date(Date.parse(second) + 1).toISOString()
    expect(await cluster.logs(metadata.name, `?sinceTime=${after}`)).toBe('')
    expect(await cluster.logs(metadata.name, '?sinceTime=2020-01-01T00:00:00Z')).toBe(
      'started early\nlistening\n',
    )
    expect(await cluster.logs(metadata.name, '?sinceSeconds=3600&tailLines=1')).toBe('listening\n')
    expect(await cluster.logs(metadata.name, '?sinceTime=yesterday')).toContain('sinceTime')
    expect(await cluster.logs(metadata.name, '?limitBytes=7')).toBe('started')
  })
})

describe('a container that keeps ending', () => {
  const delays = (runs: readonly number[]): readonly number[] =>
    runs.reduce<number[]>(
      (all, ranFor) => [
        ...all,
        nextRestartDelay({ backoff: kubernetesBackoff, previous: all.at(-1), ranFor }),
      ],
      [],
    )

  it('is started again at once, then after 10 s, twice that each time, and never later than 5 minutes', () => {
    expect(delays([1, 1, 1, 1, 1, 1, 1, 1])).toEqual([
      0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000,
    ])
  })

  it('is forgiven after ten minutes', () => {
    expect(delays([1, 1, 1, 600_000, 1])).toEqual([0, 10_000, 20_000, 0, 10_000])
  })
})
