// Where an MCP server may be behind the URL a user wrote, and which transport to speak there, in the order to try.

import type { ToolServerSetting } from '../../domain/workload/agent-environment.ts'

export interface EndpointCandidate {
  readonly url: URL
  readonly transport: 'streamable-http' | 'sse'
}

/**
 * A URL with a path is taken as it is; a bare one stands for `/mcp`, `/` and `/sse`. `auto` tries streamable HTTP
 * first and, where a server does not take POST there, SSE at the same address.
 */
export const endpointCandidates = ({
  url,
  transport,
}: {
  readonly url: URL
  readonly transport: Exclude<ToolServerSetting['transport'], 'legacy-rest'>
}): readonly EndpointCandidate[] => {
  const bare = url.pathname === '/' && url.search === ''
  const paths = (...names: readonly string[]): readonly URL[] =>
    bare ? names.map((name) => new URL(name, url)) : [url]
  const streamable = (at: URL) => ({ url: at, transport: 'streamable-http' as const })
  const sse = (at: URL) => ({ url: at, transport: 'sse' as const })
  switch (transport) {
    case 'streamable-http':
      return paths('/mcp', '/').map(streamable)
    case 'sse':
      return paths('/sse', '/').map(sse)
    case 'auto':
      return bare
        ? [...paths('/mcp', '/').map(streamable), ...paths('/sse').map(sse)]
        : [streamable(url), sse(url)]
  }
}
