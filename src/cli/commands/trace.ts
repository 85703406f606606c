// swarm trace: where a run's time and tokens went, and what was refused, as a tree.

import type { Command } from 'commander'
import { KubeswarmError } from '../../domain/error.ts'
import { costOf } from '../../domain/journal/cost.ts'
import type { JournalRecord } from '../../domain/journal/record.ts'
import { timeline } from '../../domain/journal/timeline.ts'
import { traceRun } from '../../domain/journal/trace.ts'
import { targetOf } from '../kinds.ts'
import { oneOf, withClusterOptions } from '../options.ts'
import { paintFor } from '../output/paint.ts'
import { seconds } from '../output/run-view.ts'
import { tokensText } from '../output/tokens-text.ts'
import { traceLines } from '../output/trace-lines.ts'
import { withCluster, type ClusterOptions } from '../session/cluster.ts'
import { openHub } from '../session/hub-reader.ts'

interface TraceOptions extends ClusterOptions {
  readonly output: string
}

export const registerTrace = (program: Command): void => {
  withClusterOptions(program.command('trace'))
    .summary("show where a run's time and tokens went, as a tree")
    .argument('<run>', 'NAME or run/NAME')
    .option('-o, --output <format>', 'text, or json: the tree', oneOf('--output', ['text', 'json']), 'text')
    .addHelpText('before', 'Examples:\n  swarm trace incident-001\n  swarm trace run/incident-001 -o json\n')
    .action(async (word: string, options: TraceOptions) => {
      const { type, name } = targetOf([word.includes('/') ? word : `run/${word}`])
      if (name === undefined || type.kind !== 'SwarmRun') {
        throw new KubeswarmError({
          code: 'Usage',
          message: `cannot trace "${word}": it is no run`,
          remedy: 'swarm trace RUN',
        })
      }
      const records = await withCluster(options, async (cluster) => {
        const hub = await openHub(cluster)
        const found: JournalRecord[] = []
        for await (const record of hub.journal({ run: name, follow: false })) found.push(record)
        return found
      })
      console.log(options.output === 'json' ? JSON.stringify(traceRun(records), undefined, 2) : text(records))
    })
}

const text = (records: readonly JournalRecord[]): string => {
  const trace = traceRun(records)
  if (trace === undefined) return 'nothing has happened yet'
  const { totalMs, modelMs, toolMs, overheadMs } = timeline(records)
  const { models, unreported } = costOf(records)
  return [
    ...traceLines({ trace, paint: paintFor(process.stdout) }),
    '',
    `Time:   ${seconds(totalMs)} (model ${seconds(modelMs)}, tools ${seconds(toolMs)}, the rest ${seconds(overheadMs)})`,
    ...[...models].map(([model, usage]) => `Tokens: ${tokensText(usage)} of ${model}`),
    ...(unreported === 0 ? [] : [`        ${unreported} answers came without a count of tokens`]),
  ].join('\n')
}
