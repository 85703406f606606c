// The tool server port, from a setting. Nothing is contacted before the first use, so an unreachable server does not
// keep an agent from starting.

import { KubeswarmError } from '../../domain/error.ts'
import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'
import type { Fetch } from '../http/create-fetch.ts'
import { legacyRestToolServer } from './legacy-rest.ts'
import { mcpToolServer, type ConnectedToolServer, type ToolServerTimeouts } from './mcp-tool-server.ts'
import type { Credential } from './request-headers.ts'

const defaultTimeouts: ToolServerTimeouts = { connectMs: 5_000, listMs: 10_000, callMs: 30_000 }

export const connectToolServer = ({
  setting,
  credential,
  fetch,
  timeouts = {},
}: {
  readonly setting: ToolServerSetting
  /** Reads a mounted secret; asked anew for each request. */
  readonly credential: Credential
  readonly fetch: Fetch
  readonly timeouts?: Partial<ToolServerTimeouts>
}): ConnectedToolServer => {
  if (!/^https?:$/.test(URL.parse(setting.url)?.protocol ?? '')) {
    throw new KubeswarmError({
      code: 'InvalidInput',
      message: `cannot use tool server "${setting.name}": "${setting.url}" is not an http or https URL`,
      remedy: 'correct tools.mcp[].url',
    })
  }
  const parts = { setting, credential, fetch, timeouts: { ...defaultTimeouts, ...timeouts } }
  const { transport } = setting
  return transport === 'legacy-rest' ? legacyRestToolServer(parts) : mcpToolServer({ ...parts, transport })
}
