// Pods as processes, from Deployment to log line, against the real API server of this package.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ProxyAgent, request } from 'undici'
import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Job,
  Pod,
  ReplicaSet,
} from '../client/kubernetes-types.ts'
import { deployment, image, kinds, service, startCluster, type Cluster } from './cluster.fixture.ts'
import { hostPortsAnnotation } from './ports.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.close())

const portOf = (pod: Pod): number =>
  (JSON.parse(pod.metadata.annotations?.[hostPortsAnnotation] ?? '{}') as Record<string, number>)['8080'] ?? 0

const ask = async (pod: Pod, path: string): Promise<string> =>
  (await request(`http://127.0.0.1:${portOf(pod)}${path}`)).body.text()

describe('a Deployment', () => {
  it('becomes ready pods with familiar names, and scales', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'web', container: { args: ['one', 'two'] } }))
    const pod = await cluster.readyPod('app=web')
    expect(pod.metadata.name).toMatch(/^web-[a-z0-9]{10}-[a-z0-9]{5}$/)
    expect(pod.status).toMatchObject({ phase: 'Running', podIP: '127.0.0.1', hostIP: '127.0.0.1' })
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0 })
    expect(await ask(pod, '/')).toBe(`hello from ${pod.metadata.name}\n`)
    await cluster.client.patch({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'web',
      body: { spec: { replicas: 3 } },
    })
    await cluster.eventually('three ready pods', async () => {
      const web = await cluster.client.get<Deployment>({
        kind: kinds.deployments,
        namespace: 'default',
        name: 'web',
      })
      return web.status?.readyReplicas === 3 && web.status.observedGeneration === web.metadata.generation
    })
  })

  it('shows its logs, their tail, their times, and follows them', async () => {
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'talker', container: { args: ['one', 'two'] } }),
    )
    const pod = await cluster.readyPod('app=talker')
    const { name } = pod.metadata
    expect(await cluster.logs(name)).toBe('started one two\nlistening\n')
    expect(await cluster.logs(name, '?tailLines=1&timestamps=true')).toMatch(/^\d{4}-.*Z listening\n$/)
    await ask(pod, '/say?text=again')
    await cluster.eventually('the new line', async () => (await cluster.logs(name)).endsWith('again\n'))
    const following = cluster.logs(name, '?follow=true&tailLines=1')
    await ask(pod, '/say?text=last')
    await cluster.client.delete({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'talker',
      propagationPolicy: 'Background',
    })
    expect(await following).toContain('last\nterminating\n')
  })

  it('rolls out a change, keeps its history, and goes back by the old template', async () => {
    const identity = { kind: kinds.deployments, namespace: 'default', name: 'rolling' }
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'rolling', replicas: 2, container: { args: ['v1'] } }),
    )
    const complete = (revision: string) =>
      cluster.eventually(`revision ${revision} complete`, async () => {
        const { status, spec, metadata } = await cluster.client.get<Deployment>(identity)
        const reason = status?.conditions?.find(({ type }) => type === 'Progressing')?.reason
        return (
          metadata.annotations?.['deployment.kubernetes.io/revision'] === revision &&
          status?.observedGeneration === metadata.generation &&
          reason === 'NewReplicaSetAvailable' &&
          status?.updatedReplicas === spec.replicas &&
          status?.availableReplicas === spec.replicas
        )
      })
    await complete('1')
    const first = await cluster.client.get<Deployment>(identity)
    const change = (args: string[]) =>
      cluster.client.patch({
        ...identity,
        type: 'json',
        body: [{ op: 'replace', path: '/spec/template/spec/containers/0/args', value: args }],
      })
    await change(['v2'])
    await complete('2')
    expect(await cluster.logs((await cluster.readyPod('app=rolling')).metadata.name)).toContain('started v2')
    await change(['v1'])
    await complete('3')
    const { items } = await cluster.client.request<{ items: readonly ReplicaSet[] }>({
      path: '/apis/apps/v1/namespaces/default/replicasets',
      query: { labelSelector: 'app=rolling' },
    })
    expect(
      items
        .map(({ spec, metadata }) => [
          metadata.annotations?.['deployment.kubernetes.io/revision'],
          spec.replicas,
        ])
        .sort(),
    ).toEqual([
      ['2', 0],
      ['3', 2],
    ])
    expect(first.spec.template).toEqual((await cluster.client.get<Deployment>(identity)).spec.template)
  })

  it('writes nothing once it has arrived', async () => {
    await cluster.create(kinds.deployments, deployment({ name: 'calm' }))
    await cluster.create(kinds.services, service('calm'))
    await cluster.readyPod('app=calm')
    const version = async () =>
      (
        await cluster.client.request<{ metadata: { resourceVersion: string } }>({
          path: '/api/v1/pods',
          query: { limit: 1 },
        })
      ).metadata.resourceVersion
    let last = await version()
    await cluster.eventually('a second without a write', async () => {
      const before = last
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      last = await version()
      return before === last
    })
  })
})

describe('a container', () => {
  it('is refused with a reason when this node does not know its image', async () => {
    await cluster.create(kinds.pods, {
      metadata: { name: 'stranger' },
      spec: { containers: [{ name: 'main', image: 'nginx:1.27' }] },
    })
    const waiting = await cluster.eventually('a waiting container', async () => {
      const pod = await cluster.client.get<Pod>({ kind: kinds.pods, namespace: 'default', name: 'stranger' })
      return pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImageNeverPull' && pod.status
    })
    expect(waiting.phase).toBe('Pending')
    expect(waiting.containerStatuses?.[0]?.state?.waiting?.message).toContain(image)
    // Mapped for development while it waits, it starts.
    const annotations = {
      'local-kube.dev/command.main': JSON.stringify([process.execPath, '-e', 'setInterval(() => {}, 1000)']),
    }
    await cluster.client.patch({
      kind: kinds.pods,
      namespace: 'default',
      name: 'stranger',
      body: { metadata: { annotations } },
    })
    await cluster.eventually('a running container', async () => {
      const pod = await cluster.client.get<Pod>({ kind: kinds.pods, namespace: 'default', name: 'stranger' })
      return pod.status?.phase === 'Running'
    })
  })

  it('that crashes is restarted at once, then waits in CrashLoopBackOff, with its last words readable', async () => {
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'crasher', container: { env: [{ name: 'MODE', value: 'crash' }] } }),
    )
    const pod = await cluster.eventually('CrashLoopBackOff', async () =>
      (await cluster.pods('app=crasher')).find(
        ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
      ),
    )
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      ready: false,
      lastState: { terminated: { exitCode: 7, reason: 'Error' } },
    })
    expect(await cluster.logs(pod.metadata.name)).toContain('about to crash')
    expect(await cluster.logs(pod.metadata.name, '?previous=true')).toContain('about to crash')
    const { items } = await cluster.client.request<{ items: { reason: string }[] }>({
      path: '/api/v1/namespaces/default/events',
      query: { fieldSelector: `involvedObject.uid=${pod.metadata.uid}` },
    })
    expect(items.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['Scheduled', 'Created', 'Started', 'BackOff']),
    )
  })

  it('that fails its liveness probe is restarted, and is not ready meanwhile', async () => {
    const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1, failureThreshold: 1 }
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'sick', container: { livenessProbe: probe, readinessProbe: probe } }),
    )
    const pod = await cluster.readyPod('app=sick')
    await ask(pod, '/sicken')
    await cluster.eventually('a restart', async () => {
      const { status } = await cluster.client.get<Pod>({
        kind: kinds.pods,
        namespace: 'default',
        name: pod.metadata.name,
      })
      return status?.containerStatuses?.[0]?.restartCount === 1
    })
    const again = await cluster.readyPod('app=sick')
    expect(again.metadata.uid).toBe(pod.metadata.uid)
    expect(again.status?.containerStatuses?.[0]?.lastState?.terminated).toBeDefined()
  })

  it('runs after its init containers, which must succeed', async () => {
    const init = { name: 'init', image: `${image}:1`, args: ['init'], env: [{ name: 'MODE', value: 'done' }] }
    await cluster.create(kinds.deployments, deployment({ name: 'after', pod: { initContainers: [init] } }))
    const pod = await cluster.readyPod('app=after')
    expect(pod.status?.initContainerStatuses?.[0]).toMatchObject({
      ready: true,
      state: { terminated: { exitCode: 0 } },
    })
    expect(await cluster.logs(pod.metadata.name, '?container=init')).toBe('started init\n')
  })

  it('runs its preStop hook before it is asked to end, and has its sidecars for its whole life', async () => {
    const sidecar = {
      name: 'sidecar',
      image: `${image}:1`,
      args: ['sidecar'],
      restartPolicy: 'Always',
      ports: [{ containerPort: 9090 }],
      startupProbe: { tcpSocket: { port: 9090 } },
      env: [{ name: 'PORT', value: '9090' }],
    }
    const node = JSON.stringify(process.execPath)
    const lifecycle = {
      preStop: {
        exec: {
          command: [
            'sh',
            '-c',
            `${node} -e 'fetch("http://127.0.0.1:"+process.env.PORT+"/say?text=goodbye")'`,
          ],
        },
      },
    }
    const readinessProbe = { exec: { command: ['true'] } }
    await cluster.create(
      kinds.deployments,
      deployment({
        name: 'polite',
        container: { lifecycle, readinessProbe },
        pod: { initContainers: [sidecar] },
      }),
    )
    const pod = await cluster.readyPod('app=polite')
    expect(pod.status?.initContainerStatuses?.[0]).toMatchObject({ started: true, state: { running: {} } })
    await cluster.eventually('listening', async () =>
      (await cluster.logs(pod.metadata.name, '?container=main')).includes('listening'),
    )
    const following = cluster.logs(pod.metadata.name, '?container=main&follow=true')
    await cluster.client.delete({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'polite',
      propagationPolicy: 'Background',
    })
    expect(await following).toMatch(/listening\ngoodbye\nterminating\n$/)
  })

  it('of a pod that outlives its deadline is ended, and the pod says why', async () => {
    await cluster.create(kinds.pods, {
      metadata: { name: 'late' },
      spec: {
        activeDeadlineSeconds: 1,
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: `${image}:1` }],
      },
    })
    const pod = await cluster.eventually('Failed', async () => {
      const found = await cluster.client.get<Pod>({ kind: kinds.pods, namespace: 'default', name: 'late' })
      return found.status?.phase === 'Failed' && found
    })
    expect(pod.status?.reason).toBe('DeadlineExceeded')
  })

  it('gets nothing of the agent’s own environment but PATH', async () => {
    process.env['SECRET_OF_THE_PARENT'] = 'x'
    await cluster.create(kinds.deployments, deployment({ name: 'bare' }))
    const pod = await cluster.readyPod('app=bare')
    const env = JSON.parse(await ask(pod, '/env')) as Record<string, string>
    delete process.env['SECRET_OF_THE_PARENT']
    const shell = ['PWD', 'OLDPWD', '_', 'SHLVL']
    expect(
      Object.keys(env)
        .filter((name) => !shell.includes(name))
        .sort(),
    ).toEqual([
      'HOME',
      'HOSTNAME',
      'HTTP_PROXY',
      'KUBERNETES_SERVICE_HOST',
      'KUBERNETES_SERVICE_PORT',
      'LOCAL_KUBE_RESOLVER',
      'NO_PROXY',
      'PATH',
      'PORT',
      'TMPDIR',
      'http_proxy',
      'no_proxy',
    ])
    expect(env['HOSTNAME']).toBe(pod.metadata.name)
  })
})

describe('volumes', () => {
  it('hold ConfigMaps that change under a running pod, and a token for the asked audience', async () => {
    await cluster.create(kinds.configMaps, {
      metadata: { name: 'settings' },
      data: { level: 'info' },
    })
    const volumes = [
      { name: 'config', configMap: { name: 'settings' } },
      {
        name: 'identity',
        projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'hub' } }] },
      },
    ]
    const volumeMounts = [
      { name: 'config', mountPath: '/etc/settings' },
      { name: 'identity', mountPath: '/var/run/hub' },
    ]
    const env = [{ name: 'LEVEL_FILE', value: '/etc/settings/level' }]
    await cluster.create(
      kinds.deployments,
      deployment({ name: 'mounted', container: { volumeMounts, env }, pod: { volumes } }),
    )
    const pod = await cluster.readyPod('app=mounted')
    const seen = JSON.parse(await ask(pod, '/env')) as Record<string, string>
    const mounts = JSON.parse(seen['LOCAL_KUBE_MOUNTS'] ?? '{}') as Record<string, string>
    expect(seen['LEVEL_FILE']).toBe(`${mounts['/etc/settings']}/level`)
    expect(readFileSync(seen['LEVEL_FILE'] ?? '', 'utf8')).toBe('info')
    const identity = { kind: kinds.configMaps, namespace: 'default', name: 'settings' }
    await cluster.client.patch<ConfigMap>({ ...identity, body: { data: { level: 'debug' } } })
    await cluster.eventually(
      'the new content',
      () => readFileSync(seen['LEVEL_FILE'] ?? '', 'utf8') === 'debug',
    )

    const token = readFileSync(`${mounts['/var/run/hub']}/token`, 'utf8')
    const review = await cluster.client.request<{
      status: { authenticated: boolean; user: { username: string }; audiences: string[] }
    }>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: ['hub'] },
      },
    })
    expect(review.status).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:default' },
      audiences: ['hub'],
    })
  })

  it('make a pod wait for what they need, and start it when it comes', async () => {
    const volumes = [{ name: 'late', secret: { secretName: 'late' } }]
    await cluster.create(kinds.deployments, deployment({ name: 'waiter', pod: { volumes } }))
    await cluster.eventually('a FailedMount event', async () => {
      const { items } = await cluster.client.request<{ items: { message: string }[] }>({
        path: '/api/v1/namespaces/default/events',
        query: { fieldSelector: 'reason=FailedMount' },
      })
      return items.some(({ message }) => message.includes('late'))
    })
    await cluster.create(kinds.secrets, { metadata: { name: 'late' }, stringData: { a: 'b' } })
    await cluster.readyPod('app=waiter')
  })
})

describe('a Service', () => {
  it('leads to ready pods only, by resolver and by proxy', async () => {
    await cluster.create(kinds.services, service('served'))
    await cluster.create(kinds.deployments, deployment({ name: 'served', replicas: 2 }))
    await cluster.readyPod('app=served')
    const slices = await cluster.eventually('two ready endpoints', async () => {
      const { items } = await cluster.client.request<{ items: readonly EndpointSlice[] }>({
        path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
        query: { labelSelector: 'kubernetes.io/service-name=served' },
      })
      const ready = items
        .flatMap(({ endpoints }) => endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready)
      return ready.length === 2 && items
    })
    const ports = slices.map(({ ports: list }) => list?.[0]?.port)
    const reply = await request(`${cluster.node().resolverUrl}?host=served.default.svc&port=80`)
    const found = (await reply.body.json()) as { host: string; port: number }
    expect(found.host).toBe('127.0.0.1')
    expect(ports).toContain(found.port)
    const dispatcher = new ProxyAgent({ uri: cluster.node().proxyUrl, proxyTunnel: false })
    const hello = await request('http://served.default.svc/', { dispatcher })
    expect(await hello.body.text()).toContain('hello from served-')
    await dispatcher.close()
    await cluster.client.patch({
      kind: kinds.deployments,
      namespace: 'default',
      name: 'served',
      body: { spec: { replicas: 0 } },
    })
    await cluster.eventually(
      'no endpoint',
      async () =>
        (await request(`${cluster.node().resolverUrl}?host=served.default.svc&port=80`)).statusCode === 404,
    )
  })

  it('gets an address, and none when it asked for none', async () => {
    await cluster.create(kinds.services, service('addressed'))
    await cluster.create(kinds.services, {
      ...service('headless'),
      spec: { ...service('headless').spec, clusterIP: 'None' },
    })
    await cluster.eventually('an address', async () => {
      const found = await cluster.client.get<{ spec: { clusterIP?: string } }>({
        kind: kinds.services,
        namespace: 'default',
        name: 'addressed',
      })
      return /^10\.\d+\.\d+\.\d+$/.test(found.spec.clusterIP ?? '')
    })
    const headless = await cluster.client.get<{ spec: { clusterIP?: string } }>({
      kind: kinds.services,
      namespace: 'default',
      name: 'headless',
    })
    expect(headless.spec.clusterIP).toBe('None')
  })
})

describe('a Job', () => {
  it('runs to its end and says so', async () => {
    await cluster.create(kinds.jobs, {
      metadata: { name: 'once' },
      spec: {
        completions: 2,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'main', image: `${image}:1`, env: [{ name: 'MODE', value: 'done' }] }],
          },
        },
      },
    })
    const job = await cluster.eventually('Complete', async () => {
      const found = await cluster.client.get<Job>({ kind: kinds.jobs, namespace: 'default', name: 'once' })
      return (
        found.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') &&
        found
      )
    })
    expect(job.status?.succeeded).toBe(2)
  })
})
