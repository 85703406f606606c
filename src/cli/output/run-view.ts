// A run as it happens, one line per thing that happened: a pure function from journal records to lines. Used by
// `swarm run`, `swarm demo`, `swarm logs run/…` and `swarm describe run`.

import type { JournalRecord } from '../../domain/journal/record.ts'
import type { Paint } from './paint.ts'

export interface RunView {
  /** Lines for one record; none for records that people need not see. */
  lines(record: JournalRecord): readonly string[]
}

export const runView = ({
  paint,
  modelOverride,
}: {
  readonly paint: Paint
  /** Shown instead of the name an agent asked for, because that is not who answered. */
  readonly modelOverride: string | undefined
}): RunView => {
  let startedAt: number | undefined
  const stepStart = new Map<string, number>()
  const calls = new Map<string, { made: number; denied: number }>()
  const modelMs = new Map<string, number>()
  const toolMs = new Map<string, number>()
  const failures = new Map<string, string>()

  const add = (map: Map<string, number>, step: string, ms: number) => map.set(step, (map.get(step) ?? 0) + ms)
  const tally = (step: string) => {
    const known = calls.get(step) ?? { made: 0, denied: 0 }
    calls.set(step, known)
    return known
  }

  return {
    lines(record) {
      const at = Date.parse(record.at)
      startedAt ??= at
      const clock = paint.dim(seconds(at - startedAt).padStart(7))
      const line = (step: string, mark: string, text: string) =>
        `${clock}  ${mark} ${paint.bold(step.padEnd(14))} ${text}`

      switch (record.type) {
        case 'run.started': {
          const { snapshot } = record
          const order = snapshot.steps.map(({ name }) => name).join(' → ')
          return [
            `${clock}  ${paint.cyan('▶')} run started: ${snapshot.kind} ${paint.bold(snapshot.source)}${snapshot.kind === 'team' ? ` (${order})` : ''}`,
          ]
        }
        case 'step.submitted':
          if (record.continues !== undefined)
            return [line(record.step, paint.yellow('↻'), `goes on where attempt ${record.continues} stopped`)]
          return record.attempt > 1 ? [line(record.step, paint.yellow('↻'), `attempt ${record.attempt}`)] : []
        case 'task.leased':
          stepStart.set(record.step, at)
          return [line(record.step, paint.cyan('●'), `running on ${record.holder}`)]
        case 'tools.listed':
          add(toolMs, record.step, record.durationMs)
          return []
        case 'tools.unavailable':
          add(toolMs, record.step, record.durationMs)
          return [
            line(record.step, paint.yellow('!'), `server ${record.server} is not used: ${record.message}`),
          ]
        case 'llm.responded': {
          add(modelMs, record.step, record.durationMs)
          const { inputTokens, outputTokens } = record.usage
          const asks =
            record.toolCalls.length > 0
              ? `asks for ${record.toolCalls.length} tool call${record.toolCalls.length > 1 ? 's' : ''}`
              : 'answers'
          return [
            line(
              record.step,
              paint.dim('·'),
              paint.dim(
                `${modelOverride ?? record.model} turn ${record.turn}: ${asks} (${inputTokens ?? '?'} in, ${outputTokens ?? '?'} out, ${seconds(record.durationMs)})`,
              ),
            ),
          ]
        }
        case 'llm.failed':
          return [line(record.step, paint.red('✗'), `model call failed: ${record.message}`)]
        case 'llm.denied':
          return [
            line(
              record.step,
              paint.red('⛔'),
              `model call ${paint.red('denied')}: ${record.message} [${record.rule}]`,
            ),
          ]
        case 'tool.returned':
          tally(record.step).made += 1
          add(toolMs, record.step, record.durationMs)
          return [
            line(
              record.step,
              record.isError ? paint.yellow('!') : paint.green('✓'),
              `${`${record.server}/${record.tool}`.padEnd(34)} ${record.isError ? paint.yellow('allowed, tool error') : paint.green('allowed')}  ${paint.dim(seconds(record.durationMs))}`,
            ),
          ]
        case 'tool.denied':
          tally(record.step).denied += 1
          return [
            line(
              record.step,
              paint.red('⛔'),
              `${`${record.server}/${record.tool}`.padEnd(34)} ${paint.red('denied')}  ${record.message} [${record.rule}]`,
            ),
          ]
        case 'tool.outcome-unknown':
          return [
            line(
              record.step,
              paint.red('?'),
              `${record.server}/${record.tool}: outcome unknown: ${record.message}`,
            ),
          ]
        case 'tool.resolved':
          return [
            line(
              record.step,
              paint.cyan('✎'),
              `${record.server}/${record.tool}: ${record.by} says that it ${record.outcome === 'done' ? 'took effect' : 'did not take effect'}`,
            ),
          ]
        case 'task.completed': {
          const { made, denied } = tally(record.step)
          const took = at - (stepStart.get(record.step) ?? at)
          const parts = [
            seconds(took),
            `model ${seconds(modelMs.get(record.step) ?? 0)}`,
            `tools ${seconds(toolMs.get(record.step) ?? 0)}`,
            `${made} call${made === 1 ? '' : 's'}${denied > 0 ? `, ${denied} denied` : ''}`,
            `${tokens(record.usage)} tokens`,
          ]
          return [line(record.step, paint.green('✔'), `done  ${paint.dim(parts.join(' · '))}`)]
        }
        case 'task.failed':
          failures.set(record.step, record.message)
          return [
            line(
              record.step,
              paint.red('✗'),
              `attempt ${record.attempt} failed: ${record.message} [${record.code}]`,
            ),
            ...(record.remedy === undefined
              ? []
              : [`${' '.repeat(9)}  ${paint.dim(`fix: ${record.remedy}`)}`]),
          ]
        case 'task.cancelled':
          return [line(record.step, paint.yellow('■'), `cancelled: ${record.reason}`)]
        case 'step.skipped':
          return [line(record.step, paint.dim('○'), `skipped: ${record.message}`)]
        case 'step.failed':
          return stepFailed(record, failures.get(record.step)).map((text) =>
            line(record.step, paint.red('✗'), text),
          )
        case 'run.stopping':
          return [`${clock}  ${paint.yellow('■')} stopping: ${toldBefore(record, failures)}`]
        case 'run.finished': {
          const took = seconds(at - (startedAt ?? at))
          const ok = record.phase === 'Succeeded'
          return [
            `${clock}  ${ok ? paint.green('✔') : paint.red('✗')} run ${ok ? paint.green(record.phase) : paint.red(record.phase)} after ${took}${ok ? '' : `: ${toldBefore(record, failures)}`}`,
          ]
        }
        case 'run.reopened':
          return [`${clock}  ${paint.cyan('▶')} run goes on, at the word of ${record.by}`]
        case 'llm.requested':
        case 'tool.intended':
          return []
      }
    },
  }
}

/** What the last attempt said is not said again: only what follows from it. */
const stepFailed = (
  { message, reason }: { readonly message: string; readonly reason: string },
  lastAttempt: string | undefined,
): readonly string[] => {
  if (lastAttempt === undefined || !message.startsWith(lastAttempt)) return [`failed: ${message} [${reason}]`]
  const rest = message
    .slice(lastAttempt.length)
    .replace(/^; /, '')
    .replace(/^ \((.*)\)$/, '$1')
  return rest === '' ? [] : [`gave up: ${rest} [${reason}]`]
}

/** `step "x" failed with CODE [StepFailed]` where the lines above tell the rest. */
const toldBefore = (
  { message, reason }: { readonly message: string; readonly reason: string },
  failures: ReadonlyMap<string, string>,
): string => {
  const told = [...failures.values()].find((failure) => message.includes(`: ${failure}`))
  return `${told === undefined ? message : message.slice(0, message.indexOf(`: ${told}`))} [${reason}]`
}

const tokens = ({
  inputTokens,
  outputTokens,
}: {
  readonly inputTokens?: number
  readonly outputTokens?: number
}): string =>
  inputTokens === undefined && outputTokens === undefined
    ? 'unknown'
    : String((inputTokens ?? 0) + (outputTokens ?? 0))

/** `0.12 s`, `3.4 s`, `2m18s`. */
export const seconds = (ms: number): string => {
  if (ms < 9_950) return `${(ms / 1000).toFixed(2)} s`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const whole = Math.round(ms / 1000)
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
}
