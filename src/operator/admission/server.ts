// The HTTPS server that the API server asks before it stores one of our objects. It only reads the review and answers
// it; what is allowed is decided by the `judge` it is given.

import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeswarmError } from '../../domain/error.ts'
import type { Logger } from '../../ports/logger.ts'
import type { CertifiedKey } from './certificate.ts'
import { answerReview, parseReview, type AdmissionRequest, type Verdict } from './review.ts'

interface AdmissionServer {
  readonly port: number
  /** Connections from now on see this certificate. */
  show(certificate: CertifiedKey): void
  close(): Promise<void>
}

export const admissionPath = '/validate'
/** The API server's own limit for objects is smaller; a review holds two of them. */
const largestReview = 8 * 1024 * 1024

export const startAdmissionServer = async ({
  host,
  port,
  certificate: { certificate: cert, key },
  judge,
  logger,
}: {
  readonly host: string
  readonly port: number
  readonly certificate: CertifiedKey
  readonly judge: (request: AdmissionRequest) => Promise<Verdict>
  readonly logger: Logger
}): Promise<AdmissionServer> => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.split('?')[0] === '/healthz') return reply(response, 200, { status: 'ok' })
    if (request.method !== 'POST' || request.url?.split('?')[0] !== admissionPath)
      return reply(response, 404, { message: 'not found' })
    const review = parseReview(JSON.parse(await readBody(request)))
    return reply(response, 200, answerReview(review, await judge(review)))
  }
  const server = createServer({ cert, key }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      logger.error({ err: error }, 'admission review failed')
      reply(response, 400, { message: error instanceof Error ? error.message : 'the review failed' })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new KubeswarmError({
              code: 'PortTaken',
              message: `cannot start the admission server: port ${port} on ${host} is taken`,
              remedy: 'stop the process that listens there, or choose another port',
              cause,
            })
          : cause,
      ),
    )
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    show: ({ certificate, key: itsKey }) => server.setSecureContext({ cert: certificate, key: itsKey }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestReview)
      throw new TypeError(`cannot read the AdmissionReview: it is larger than ${largestReview} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
