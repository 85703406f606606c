// The client certificate that a tool server's connections show, read anew each time it is asked for.

import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import type { TlsMaterial } from '../http/resolving-agent.ts'
import type { Credential } from './request-headers.ts'

export const clientCertificate =
  ({
    mtls,
    credential,
  }: {
    readonly mtls: NonNullable<ToolServerSetting['mtls']>
    readonly credential: Credential
  }): (() => TlsMaterial) =>
  () => {
    const [cert, key, ca] = [mtls.certificate, mtls.key, mtls.authority].map(credential)
    return {
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(ca === undefined ? {} : { ca }),
    }
  }
