// What processes on one database tell each other after a commit. A notice is a hint to look again, never the news
// itself: it may be heard twice, and after a lost connection everyone looks by itself.

import type { RunKey } from '../../../domain/journal/record.ts'
import type { AgentKey } from '../../../domain/run/task.ts'
import type { EventName } from '../../../ports/inbox.ts'

export type Notice =
  | { readonly type: 'journal'; readonly run: RunKey }
  | { readonly type: 'available'; readonly agent: AgentKey }
  | { readonly type: 'task'; readonly id: string; readonly agent: AgentKey }
  | { readonly type: 'policy'; readonly agent: AgentKey }
  | { readonly type: 'end' | 'outbox' }
  /** Without the event: anything may be new. */
  | { readonly type: 'delivery'; readonly about?: EventName }

/** As it travels; `from` is the store that committed it and needs no telling. */
export const encodeNotice = (from: string, notice: Notice): string => JSON.stringify({ from, ...notice })

/** Another process of another version may say what we do not know: undefined, as for our own. */
export const decodeNotice = (own: string, payload: string): Notice | undefined => {
  try {
    const notice = JSON.parse(payload) as Notice & { readonly from?: string }
    return notice.from === own ? undefined : notice
  } catch {
    return undefined
  }
}
