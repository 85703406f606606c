// A flood of signed deliveries at one event, at a fixed rate whatever the answers, while another event and the health
// endpoint are asked ten times a second.

import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Pool } from 'undici'

export interface FloodedHub {
  readonly url: string
  /** Path, and the secret its senders sign with. */
  readonly flooded: { readonly path: string; readonly secret: string }
  readonly other: { readonly path: string; readonly token: string }
  readonly residentBytes: () => number
}

export interface FloodFigures {
  readonly sent: number
  readonly accepted: number
  readonly refused: number
  /** Neither 202 nor 429. */
  readonly failed: number
  /** Of the resident memory: its highest above where it began, and of that what the second half added. */
  readonly grownBytes: number
  readonly grownLateBytes: number
  readonly acceptedMs: readonly number[]
  readonly otherMs: readonly number[]
  readonly otherFailed: number
  readonly healthMs: readonly number[]
}

const PER_SECOND = 5000
const TICK_MS = 10
/** What a loopback sender would hold open at most. */
const CONNECTIONS = 128
const PROBE_MS = 100

const template = JSON.parse(
  readFileSync(new URL('../../samples/webhooks/pagerduty-triggered.json', import.meta.url), 'utf8'),
) as { readonly event: { readonly data: object } }
let serial = 0

export async function flood({
  hub: { url, flooded, other, residentBytes },
  seconds,
}: {
  readonly hub: FloodedHub
  readonly seconds: number
}): Promise<FloodFigures> {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 })
  // A probe has a connection of its own: it waits for the hub, never for another probe.
  const probes = new Pool(url, { connections: 256, pipelining: 1 })
  const counts = { sent: 0, accepted: 0, refused: 0, failed: 0, otherFailed: 0 }
  const acceptedMs: number[] = []
  const otherMs: number[] = []
  const healthMs: number[] = []
  const before = residentBytes()
  let most = before
  let mostEarly = before
  const underWay = new Set<Promise<void>>()
  const occurredAt = new Date().toISOString()

  const deliver = async (): Promise<void> => {
    const id = `P-${(serial += 1)}`
    const body = JSON.stringify({
      event: {
        ...template.event,
        id: `01${id}`,
        occurred_at: occurredAt,
        data: { ...template.event.data, id },
      },
    })
    const signature = createHmac('sha256', flooded.secret).update(body).digest('hex')
    const began = performance.now()
    const response = await pool.request({
      method: 'POST',
      path: flooded.path,
      headers: { 'content-type': 'application/json', 'x-pagerduty-signature': `v1=${signature}` },
      body,
    })
    await response.body.dump()
    if (response.statusCode === 202) {
      counts.accepted += 1
      acceptedMs.push(performance.now() - began)
    } else if (response.statusCode === 429) counts.refused += 1
    else counts.failed += 1
  }
  const probe = async (): Promise<void> => {
    let began = performance.now()
    const health = await probes.request({ method: 'GET', path: '/healthz' })
    await health.body.dump()
    healthMs.push(performance.now() - began)
    began = performance.now()
    const answer = await probes.request({
      method: 'POST',
      path: other.path,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${other.token}` },
      body: '{}',
    })
    await answer.body.dump()
    otherMs.push(performance.now() - began)
    if (answer.statusCode !== 202) counts.otherFailed += 1
  }
  const launch = (work: () => Promise<void>): void => {
    const piece: Promise<void> = work()
      .catch(() => void (counts.failed += 1))
      .finally(() => {
        underWay.delete(piece)
        sendWhatIsDue()
      })
    underWay.add(piece)
  }

  const began = performance.now()
  const passedMs = (): number => performance.now() - began
  // At every tick, and at every answer while it is behind. What it could not send is not counted as sent.
  const sendWhatIsDue = (): void => {
    if (passedMs() >= seconds * 1000) return
    const due = Math.floor((passedMs() / 1000) * PER_SECOND)
    // Beyond that the sender itself would drown.
    while (counts.sent < due && underWay.size < CONNECTIONS) {
      counts.sent += 1
      launch(deliver)
    }
  }
  const probing = setInterval(() => {
    launch(probe)
    most = Math.max(most, residentBytes())
    if (passedMs() < (seconds * 1000) / 2) mostEarly = most
  }, PROBE_MS)
  while (passedMs() < seconds * 1000) {
    sendWhatIsDue()
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  clearInterval(probing)
  await Promise.all(underWay)
  await Promise.all([pool.close(), probes.close()])
  return {
    ...counts,
    grownBytes: most - before,
    grownLateBytes: most - mostEarly,
    acceptedMs,
    otherMs,
    healthMs,
  }
}
