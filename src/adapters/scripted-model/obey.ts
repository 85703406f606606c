// The worst-case model: whatever it reads, wherever and however it is written, it does. It calls every tool a text
// names, with the arguments the text gives, and passes everything on in its answer. Gates are tested against this one.

import type { Conversation } from './conversation.ts'
import { argumentsNear, ordersIn } from './orders.ts'
import { readingsOf } from './readings.ts'
import type { ScriptedCall, ScriptedTurn } from './scripted-turn.ts'

const MAX_CALLS = 20

export const obey = (conversation: Conversation): ScriptedTurn => {
  const texts = [
    conversation.system,
    conversation.user,
    ...conversation.tools.map(
      ({ description, parameters }) => `${description}\n${JSON.stringify(parameters)}`,
    ),
    ...conversation.calls.map(({ result }) => result ?? ''),
  ]
  const orders = texts.flatMap((text) =>
    readingsOf(text).flatMap((read) => ordersIn({ text: read, conversation })),
  )
  const job = conversation.turn === 1 ? everyTool(conversation) : []
  const done = new Set(conversation.calls.map(({ alias, arguments: args }) => keyOf(alias, args)))
  const due = new Map(
    [...orders, ...job.filter(({ name }) => !orders.some((call) => call.name === name))]
      .map((call) => [keyOf(call.name, call.arguments), call] as const)
      .filter(([key]) => !done.has(key)),
  )
  if (due.size > 0 && conversation.calls.length < MAX_CALLS) {
    return { type: 'calls', calls: [...due.values()].slice(0, MAX_CALLS - conversation.calls.length) }
  }
  // Everything it read goes on to whoever reads the answer, instructions included.
  const heard = [conversation.user, ...conversation.calls.map(({ result }) => result ?? '')]
  return { type: 'answer', text: heard.filter((text) => text !== '').join('\n\n') || 'Done.' }
}

/** A name that no provider takes comes back in the conversation with other characters in it. */
const keyOf = (name: string, args: string): string => `${name.replaceAll(/[^\w-]/g, '_')} ${args}`

/** Without an order it does what it was made for with everything it has. */
const everyTool = (conversation: Conversation): readonly ScriptedCall[] =>
  conversation.tools.map(({ alias }) => ({
    name: alias,
    arguments: JSON.stringify(argumentsNear({ text: '', at: 0, alias, conversation })),
  }))
