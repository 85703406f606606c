// What a sender that waits is told of a run: its steps and model turns as they happen, and how it ended.

import { emptyRun, extendRun, type RunState } from '../domain/journal/fold.ts'
import type { JournalRecord } from '../domain/journal/record.ts'
import { isWhole } from '../domain/journal/stored-text.ts'
import type { RunEnding } from '../ports/event-catalog.ts'
import type { Journal } from '../ports/journal.ts'
import type { RunNews } from './follow-run.ts'
import type { FireProgress, SyncReply } from './wire.ts'

export interface RunProgress {
  /** What the news means to who waits, in order. The last one is `flow.completed` or `flow.failed`. */
  take(news: RunNews): Promise<readonly FireProgress[]>
}

export const createRunProgress = ({
  run,
  journal,
  startedAt,
  now,
}: {
  readonly run: string
  readonly journal: Journal
  /** Milliseconds, when the delivery came. */
  readonly startedAt: number
  readonly now: () => number
}): RunProgress => {
  let state: RunState = emptyRun
  const replyOf = async ({ phase, message }: RunEnding, record?: JournalRecord): Promise<SyncReply> => {
    const output = record?.type === 'run.finished' ? record.output : undefined
    const text =
      output === undefined || record === undefined
        ? ''
        : isWhole(output)
          ? output.head
          : ((await journal.content(output.sha256, { run: record.run })) ?? output.head)
    const { inputTokens = 0, outputTokens = 0 } = state.usage
    return {
      status: phase === 'Succeeded' ? 'succeeded' : phase === 'Cancelled' ? 'cancelled' : 'failed',
      run,
      output: text,
      ...(phase === 'Succeeded' ? {} : { error: message }),
      durationMs: Math.max(0, now() - startedAt),
      tokenUsage: { inputTokens, outputTokens },
    }
  }
  const end = async (ending: RunEnding, record?: JournalRecord): Promise<FireProgress> => ({
    event: ending.phase === 'Succeeded' ? 'flow.completed' : 'flow.failed',
    data: await replyOf(ending, record),
  })
  return {
    async take(news) {
      if (news.type === 'idle') return []
      if (news.type === 'over') return [await end(news.ending)]
      const told: FireProgress[] = []
      for (const record of news.records) {
        state = extendRun(state, record)
        if (record.type === 'run.finished') told.push(await end(record, record))
        else told.push(...stepProgress(record))
      }
      return told
    },
  }
}

const stepProgress = (record: JournalRecord): readonly FireProgress[] => {
  switch (record.type) {
    case 'task.leased':
      return [{ event: 'step.started', data: { step: record.step, attempt: record.attempt } }]
    case 'llm.responded':
      return record.text.head === ''
        ? []
        : [{ event: 'token', data: { step: record.step, text: record.text.head } }]
    case 'task.completed':
      return [{ event: 'step.completed', data: { step: record.step, output: record.output.head } }]
    case 'task.failed':
      return [
        { event: 'step.failed', data: { step: record.step, code: record.code, message: record.message } },
      ]
    case 'step.failed':
      return [
        { event: 'step.failed', data: { step: record.step, code: record.reason, message: record.message } },
      ]
    default:
      return []
  }
}
