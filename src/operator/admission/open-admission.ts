// Admission as a part of the operator: the server of this replica, its certificate kept fresh, and the registration.

import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Resources } from '../../ports/resources.ts'
import { sharedAuthority } from './authority.ts'
import { isWorn, servingCertificate } from './certificate.ts'
import { registerAdmission, type WebhookService } from './register.ts'
import { admissionPath, startAdmissionServer } from './server.ts'
import type { AdmissionRequest, Verdict } from './review.ts'

export interface AdmissionSettings {
  /** Where the server listens. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** How the API server reaches it. Neither: by URL, at host and port. */
  readonly url?: string
  readonly service?: WebhookService
}

interface Admission {
  /** Where the server listens. */
  readonly port: number
  /** Has the API server ask. By a Service it asks any replica, and all register the same; by URL this one alone. */
  register(): Promise<void>
  close(): Promise<void>
}

const LOOKED_AT_EVERY_MS = 24 * 3_600_000
const WORN = 0.5

export const openAdmission = async ({
  resources,
  namespace,
  judge,
  settings: { host, port, url, service },
  clock,
  logger,
}: {
  readonly resources: Resources
  /** Of the operator itself. */
  readonly namespace: string
  readonly judge: (request: AdmissionRequest) => Promise<Verdict>
  readonly settings: AdmissionSettings
  readonly clock: Clock
  readonly logger: Logger
}): Promise<Admission> => {
  const hosts =
    service === undefined
      ? [host, ...(url === undefined ? [] : [new URL(url).hostname])]
      : ['', '.cluster.local'].map((suffix) => `${service.name}.${service.namespace}.svc${suffix}`)
  const authority = await sharedAuthority({ resources, namespace, now: clock.now() })
  const issue = () => servingCertificate({ authority, hosts, now: clock.now() })
  let certificate = issue()
  const server = await startAdmissionServer({ host, port, certificate, judge, logger })
  let cancel = (): void => undefined
  const keepFresh = (): void => {
    cancel = clock.after(LOOKED_AT_EVERY_MS, () => {
      if (isWorn({ certificate: certificate.certificate, now: clock.now(), part: WORN })) {
        certificate = issue()
        server.show(certificate)
      }
      keepFresh()
    })
  }
  keepFresh()
  const address =
    service === undefined ? { url: url ?? `https://${host}:${server.port}${admissionPath}` } : { service }
  return {
    port: server.port,
    register: () => registerAdmission({ resources, address, trusted: authority.trusted }),
    close: () => {
      cancel()
      return server.close()
    },
  }
}
