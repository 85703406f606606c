// What the model says next: a pure function of the script and the conversation.

import { fillDeep, fillLines } from './compose.ts'
import { isAliasOf, offeredAlias, type Conversation } from './conversation.ts'
import { findValues } from './find-values.ts'
import { obey } from './obey.ts'
import type { Rule, Script } from './script.ts'
import type { ScriptedCall, ScriptedTurn } from './scripted-turn.ts'

export const decideTurn = ({
  script,
  conversation,
}: {
  readonly script: Script
  readonly conversation: Conversation
}): ScriptedTurn => {
  if (script.mode === 'obedient') return obey(conversation)
  const rule = matchingRule({ script, conversation })
  return rule === undefined ? plainAnswer(conversation) : follow({ rule, conversation })
}

export const matchingRule = ({
  script,
  conversation,
}: {
  readonly script: Script
  readonly conversation: Conversation
}): Rule | undefined =>
  script.rules.find(
    ({ when }) =>
      (when.system?.matcher(conversation.system).find() ?? true) &&
      (when.user?.matcher(conversation.user).find() ?? true) &&
      (when.turn === undefined || when.turn === conversation.turn) &&
      (when.tools ?? []).every((tool) => offeredAlias({ conversation, tool }) !== undefined),
  )

const follow = ({ rule, conversation }: { rule: Rule; conversation: Conversation }): ScriptedTurn => {
  const values = findValues({ rule, conversation })
  for (const { calls } of rule.steps) {
    const due = calls.flatMap(({ tool, arguments: template, requires }): readonly ScriptedCall[] => {
      const alias = offeredAlias({ conversation, tool })
      const made = conversation.calls.some((call) => isAliasOf({ alias: call.alias, tool }))
      if (alias === undefined || made || !requires.every((name) => values.has(name))) return []
      return [{ name: alias, arguments: JSON.stringify(fillDeep({ value: template, values })) }]
    })
    if (due.length > 0) return { type: 'calls', calls: due }
  }
  const text =
    typeof rule.answer === 'string'
      ? fillLines({ template: rule.answer, values }).trim()
      : JSON.stringify(fillDeep({ value: rule.answer, values }), null, 2)
  return { type: 'answer', text }
}

/** For an agent no rule knows: honest about what answered, and useful for checking the wiring. */
const plainAnswer = ({ user, tools, calls }: Conversation): ScriptedTurn => {
  const task = user.trim().replace(/\s+/g, ' ')
  const lines = [
    'This answer comes from the scripted model, which follows a script and does not think. ' +
      'No rule of its script matches this agent; set OPENAI_BASE_URL or start Ollama for a real model.',
    `Task received (${user.length} characters): ${task.length > 300 ? `${task.slice(0, 300)} …` : task}`,
    tools.length === 0
      ? 'Tools on offer: none.'
      : `Tools on offer: ${tools.map(({ alias }) => alias).join(', ')}.`,
    ...calls.map(({ alias, result }) => `${alias} answered: ${(result ?? 'nothing').slice(0, 300)}`),
  ]
  return { type: 'answer', text: lines.join('\n') }
}
