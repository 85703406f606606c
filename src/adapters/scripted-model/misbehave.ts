// The ways a provider fails, on demand: what a rule's fault makes of a turn.

import { offeredAlias, type Conversation } from './conversation.ts'
import type { ScriptedCall, ScriptedTurn } from './scripted-turn.ts'
import type { ModelFault } from './script.ts'

/** What the server does with a turn: answers it as a completion, or fails in a way no completion can show. */
export type Reply =
  | {
      readonly type: 'completion'
      readonly text: string
      readonly calls: readonly ScriptedCall[]
      readonly finishReason?: 'length' | 'content_filter'
      readonly withoutUsage?: true
    }
  | {
      readonly type: 'http'
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  | { readonly type: 'hang' }
  | { readonly type: 'cut' }

export const replyWith = (turn: ScriptedTurn): Reply & { readonly type: 'completion' } =>
  turn.type === 'calls'
    ? { type: 'completion', text: '', calls: turn.calls }
    : { type: 'completion', text: turn.text, calls: [] }

export const misbehave = ({
  fault,
  turn,
  conversation,
}: {
  readonly fault: ModelFault
  readonly turn: ScriptedTurn
  readonly conversation: Conversation
}): Reply => {
  const named = (tool: string): string => offeredAlias({ conversation, tool }) ?? tool
  const calling = (name: string, text: string): Reply => ({
    type: 'completion',
    text: '',
    calls: [{ name, arguments: text }],
  })
  switch (fault.type) {
    case 'http':
      return {
        type: 'http',
        status: fault.status,
        headers: { 'content-type': 'application/json', ...fault.headers },
        body: JSON.stringify(fault.body ?? { error: errorBody(fault.status) }),
      }
    case 'malformed-call':
      return calling(named(fault.tool), '{"service": "unclosed')
    case 'loop':
      return calling(named(fault.tool), JSON.stringify(fault.arguments))
    case 'unknown-tool':
      return calling(fault.tool, JSON.stringify(fault.arguments))
    case 'call-as-text':
      return {
        type: 'completion',
        text: `<tool_call>\n{"name": "${named(fault.tool)}", "arguments": {}}\n</tool_call>`,
        calls: [],
      }
    case 'empty':
      return { type: 'completion', text: '', calls: [] }
    case 'length':
      return { type: 'completion', text: '{"incident_id": "', calls: [], finishReason: 'length' }
    case 'content-filter':
      return { type: 'completion', text: '', calls: [], finishReason: 'content_filter' }
    case 'no-usage':
      return { ...replyWith(turn), withoutUsage: true }
    case 'not-json':
      return {
        type: 'http',
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<html><body>Bad gateway</body></html>',
      }
    case 'hang':
    case 'cut':
      return { type: fault.type }
  }
}

const errorBody = (status: number) => {
  switch (status) {
    case 401:
      return { message: 'Incorrect API key provided', type: 'invalid_request_error', code: 'invalid_api_key' }
    case 404:
      return { message: 'The model does not exist', type: 'invalid_request_error', code: 'model_not_found' }
    case 429:
      return { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' }
    default:
      return { message: 'The server had an error', type: 'server_error', code: null }
  }
}
