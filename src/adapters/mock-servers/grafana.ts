// The mock Grafana: read-only queries over the logs and metrics of its scenarios.

import { z } from 'zod'

import { defineTool, found, refused, type MockTool } from './mock-tool.ts'
import { queryLogs } from './query-logs.ts'
import { queryMetrics } from './query-metrics.ts'
import type { Scenario } from './scenario.ts'
import { timeRange } from './time-range.ts'

const service = z.string().optional().describe('Service to look at, for example payments-api. Omit for all.')
const start = z.string().optional().describe('Start of the window, RFC 3339. Omit for no lower bound.')
const end = z.string().optional().describe('End of the window, RFC 3339. Omit for no upper bound.')

export const grafanaTools = (scenarios: readonly Scenario[]): readonly MockTool[] => {
  const groups = scenarios.flatMap(({ logs }) => logs)
  const series = scenarios.flatMap(({ metrics }) => metrics)
  const events = scenarios.flatMap((scenario) => scenario.events)
  return [
    defineTool({
      name: 'query_logs',
      title: 'Query logs',
      description:
        'Search service logs. Returns how many entries match, the distinct messages with their counts and first and ' +
        'last times, and a small sample of entries. Most severe first.',
      input: z.object({
        service,
        query: z.string().optional().describe('Words to search for, or a LogQL selector.'),
        start,
        end,
        level: z.string().optional().describe('Only this level: debug, info, warn, error or fatal.'),
        limit: z.coerce.number().int().min(0).max(50).default(3).describe('Entries in the sample.'),
      }),
      readOnly: true,
      idempotent: true,
      run: (input) => {
        const range = timeRange(input)
        if ('problem' in range) return refused(range.problem)
        return found(queryLogs({ groups, query: { ...input, ...range } }))
      },
    }),
    defineTool({
      name: 'query_metrics',
      title: 'Query metrics',
      description:
        'Read time series. Returns each matching series with its points, baseline, peak and the time it changed, ' +
        'and the annotations (deployments, failovers) inside the window.',
      input: z.object({
        service,
        metric: z.string().optional().describe('Exact metric name, for example http_5xx_rate. Omit for all.'),
        query: z.string().optional().describe('A PromQL expression or words that name the series.'),
        start,
        end,
      }),
      readOnly: true,
      idempotent: true,
      run: (input) => {
        const range = timeRange(input)
        if ('problem' in range) return refused(range.problem)
        const known = series.map(({ name }) => name)
        if (input.metric !== undefined && !known.includes(input.metric))
          return refused(`no metric "${input.metric}"; there are ${known.join(', ')}`)
        return found(queryMetrics({ series, events, query: { ...input, ...range } }))
      },
    }),
  ]
}
