// One attempt of a probe or a lifecycle hook: does it succeed now? Thresholds and timing are for the prober.

import { connect } from 'node:net'
import { Agent, request } from 'undici'
import type { Container, HttpGetAction, IntOrString, Probe } from '../client/kubernetes-types.ts'

export type ProbeResult =
  { readonly type: 'success' } | { readonly type: 'failure'; readonly message: string }

export interface ProbeTarget {
  readonly container: Container
  /** containerPort → port on loopback. */
  readonly ports: ReadonlyMap<number, number>
  /** Runs a command as the container would. */
  readonly execute: (command: readonly string[], timeoutMilliseconds: number) => Promise<ProbeResult>
}

const success: ProbeResult = { type: 'success' }
const failure = (message: string): ProbeResult => ({ type: 'failure', message })

// A probe asks whether a connection can be made *now*, so none is kept. Certificates are not verified: as in Kubernetes,
// the question is life, not identity.
const dispatcher = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false }, allowH2: false })

export async function probeOnce({
  probe,
  target,
}: {
  readonly probe: Probe
  readonly target: ProbeTarget
}): Promise<ProbeResult> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1000
  if (probe.httpGet !== undefined) return httpGet({ action: probe.httpGet, target, timeout })
  if (probe.tcpSocket !== undefined) {
    const port = realPort(probe.tcpSocket.port, target)
    return port === undefined
      ? noSuchPort(probe.tcpSocket.port)
      : tcpConnect(probe.tcpSocket.host, port, timeout)
  }
  if (probe.exec !== undefined) return target.execute(probe.exec.command ?? [], timeout)
  return failure('this node can probe with httpGet, tcpSocket and exec only')
}

export async function httpGet({
  action,
  target,
  timeout,
}: {
  readonly action: HttpGetAction
  readonly target: ProbeTarget
  readonly timeout: number
}): Promise<ProbeResult> {
  const port = realPort(action.port, target)
  if (port === undefined) return noSuchPort(action.port)
  const scheme = (action.scheme ?? 'HTTP').toLowerCase()
  const path = action.path ?? '/'
  try {
    const response = await request(
      `${scheme}://${action.host || '127.0.0.1'}:${port}${path.startsWith('/') ? path : `/${path}`}`,
      {
        dispatcher,
        headers: {
          'user-agent': 'kube-probe/1.34',
          accept: '*/*',
          ...Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value])),
        },
        signal: AbortSignal.timeout(timeout),
      },
    )
    const text = await limitedText(response.body)
    if (response.statusCode < 400) return success
    return failure(
      `HTTP probe failed with statuscode: ${response.statusCode}${text === '' ? '' : `: ${text}`}`,
    )
  } catch (error) {
    return failure(`Get "${scheme}://127.0.0.1:${port}${path}": ${reason(error)}`)
  }
}

/** A numeric containerPort stands for the port it was given here; one that is not declared is taken literally. */
function realPort(port: IntOrString, { container, ports }: ProbeTarget): number | undefined {
  if (typeof port === 'number' || /^\d+$/.test(port)) return ports.get(Number(port)) ?? Number(port)
  const declared = container.ports?.find(({ name }) => name === port)
  return declared && (ports.get(declared.containerPort) ?? declared.containerPort)
}

const noSuchPort = (port: IntOrString): ProbeResult =>
  failure(`the container declares no port named "${port}"`)

function tcpConnect(host: string | undefined, port: number, timeout: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: host || '127.0.0.1', port, timeout })
    const finish = (result: ProbeResult): void => {
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => finish(success))
    socket.once('timeout', () => finish(failure(`dial tcp 127.0.0.1:${port}: i/o timeout`)))
    socket.once('error', (error) => finish(failure(`dial tcp 127.0.0.1:${port}: ${reason(error)}`)))
  })
}

async function limitedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.length > 1024) break
  }
  return text.slice(0, 1024).trim()
}

function reason(error: unknown): string {
  const code = (error as { code?: unknown }).code
  if (code === 'ECONNREFUSED') return 'connect: connection refused'
  return error instanceof Error ? error.message || String(code) : String(error)
}
