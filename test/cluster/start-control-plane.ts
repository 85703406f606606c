// A real control plane for one test file: etcd, kube-apiserver and, where there is one, kube-controller-manager, on
// loopback ports of their own and in a temporary directory. No scheduler and no kubelet: nothing runs a pod.

import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openAuthority } from '../../packages/local-kube/src/certificates/authority.ts'
import { kubeconfig } from '../../packages/local-kube/src/kubeconfig.ts'
import { conformanceClient } from '../../packages/local-kube/test/conformance-runner.ts'
import type { ControlPlaneBinaries } from './control-plane-binaries.ts'

export interface ControlPlane {
  readonly url: string
  /** PEM. */
  readonly caCertificate: string
  /** Of a member of `system:masters`. */
  readonly token: string
  /** PEM: of the certificate that kube-apiserver shows to kubelets. */
  readonly kubeletClientAuthority: string
  kubeconfig(): string
  /** For a control plane that was started without them. */
  startControllers(): Promise<void>
  close(): Promise<void>
}

export async function startControlPlane(
  { kubeApiserver, etcd, kubeControllerManager }: ControlPlaneBinaries,
  { controllers = true }: { readonly controllers?: boolean } = {},
): Promise<ControlPlane> {
  const directory = mkdtempSync(join(tmpdir(), 'control-plane-'))
  const file = (name: string, content: string): string => {
    const path = join(directory, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const children: ChildProcess[] = []
  const close = async (): Promise<void> => {
    for (const child of children.toReversed()) await end(child)
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  const start = (name: string, program: string, flags: Readonly<Record<string, string>>): void => {
    const log = createWriteStream(join(directory, `${name}.log`))
    const child = spawn(
      program,
      Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
      { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    child.stdout?.pipe(log)
    child.stderr?.pipe(log)
    children.push(child)
  }
  const died = (): string | undefined => {
    const child = children.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null)
    return child === undefined ? undefined : `${child.spawnfile} ended with ${child.exitCode}`
  }
  const ready = async (what: string, check: () => Promise<boolean>): Promise<void> => {
    // A loaded machine takes a minute for what an idle one does in five seconds.
    for (const until = Date.now() + 180_000; Date.now() < until; await sleep(100)) {
      const dead = died()
      if (dead !== undefined) throw new Error(`${what} did not start: ${dead}\n${tail(directory, what)}`)
      if (await check().catch(() => false)) return
    }
    throw new Error(`${what} did not become ready\n${tail(directory, what)}`)
  }

  try {
    const [clients, peers, secure] = await freePorts(3)
    const etcdUrl = `http://127.0.0.1:${clients}`
    start('etcd', etcd, {
      'data-dir': join(directory, 'etcd'),
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': `http://127.0.0.1:${peers}`,
      // The data lives as long as the test.
      'unsafe-no-fsync': 'true',
    })
    await ready('etcd', async () => (await fetch(`${etcdUrl}/health`)).ok)

    const kubeletClient = await openAuthority({ directory: undefined, hosts: ['kube-apiserver'] })
    const token = randomBytes(16).toString('hex')
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const signingKey = file('service-account.key', privateKey)
    start('kube-apiserver', kubeApiserver, {
      'etcd-servers': etcdUrl,
      'bind-address': '127.0.0.1',
      'secure-port': String(secure),
      'cert-dir': join(directory, 'certificates'),
      'token-auth-file': file('tokens.csv', `${token},kubernetes-admin,,"system:masters"\n`),
      'authorization-mode': 'RBAC',
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': file('service-account.pub', publicKey),
      'service-account-signing-key-file': signingKey,
      'kubelet-client-certificate': file('kubelet-client.crt', kubeletClient.certificate),
      'kubelet-client-key': file('kubelet-client.key', kubeletClient.key),
      // The name of a node of ours is no name in any DNS.
      'kubelet-preferred-address-types': 'InternalIP',
      'service-cluster-ip-range': '10.96.0.0/16',
      // It would publish a loopback address, which no Endpoints object may hold.
      'endpoint-reconciler-type': 'none',
      'allow-privileged': 'true',
    })
    const url = `https://127.0.0.1:${secure}`
    const caOf = (): string => readFileSync(join(directory, 'certificates', 'apiserver.crt'), 'utf8')
    const configuration = (): string => kubeconfig({ url, caCertificate: caOf(), token })
    const answers = async (path: string): Promise<boolean> => {
      const client = conformanceClient({ url, ca: caOf(), token })
      try {
        return (await client.send({ method: 'GET', path })).status === 200
      } finally {
        await client.close()
      }
    }
    await ready(
      'kube-apiserver',
      async () => (await answers('/readyz')) && answers('/api/v1/namespaces/default'),
    )

    const startControllers = async (): Promise<void> => {
      if (kubeControllerManager === undefined) throw new Error('there is no kube-controller-manager')
      start('kube-controller-manager', kubeControllerManager, {
        kubeconfig: file('kubeconfig', configuration()),
        'leader-elect': 'false',
        'service-account-private-key-file': signingKey,
        'root-ca-file': join(directory, 'certificates', 'apiserver.crt'),
        'secure-port': '0',
        // A node that is told of at leisure is no lost node.
        'node-monitor-grace-period': '1h',
      })
      await ready('kube-controller-manager', () =>
        answers('/api/v1/namespaces/default/serviceaccounts/default'),
      )
    }
    if (controllers && kubeControllerManager !== undefined) await startControllers()
    return {
      url,
      caCertificate: caOf(),
      token,
      kubeletClientAuthority: kubeletClient.caCertificate,
      kubeconfig: configuration,
      startControllers,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  // Held together, so that they differ; these programs cannot say which port they took.
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return ports
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(timer)
}

function tail(directory: string, name: string): string {
  try {
    return readFileSync(join(directory, `${name}.log`), 'utf8')
      .split('\n')
      .slice(-20)
      .join('\n')
  } catch {
    return ''
  }
}
