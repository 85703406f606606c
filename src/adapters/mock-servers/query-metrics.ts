// Metric queries over a scenario's series: the points inside the window, what they amount to, and the annotations an
// operator would see over the graph.

import type { MetricSeries, Scenario } from './scenario.ts'
import { rfc3339 } from './time-range.ts'

interface MetricQuery {
  readonly service?: string | undefined
  readonly metric?: string | undefined
  readonly query?: string | undefined
  readonly from: number
  readonly to: number
}

export const queryMetrics = ({
  series,
  events,
  query,
}: {
  readonly series: readonly MetricSeries[]
  readonly events: Scenario['events']
  readonly query: MetricQuery
}) => {
  const within = (time: number) => time >= query.from && time <= query.to
  const mine = <T extends { readonly service: string }>(item: T) =>
    query.service === undefined || item.service === query.service
  const selected = series
    .filter(mine)
    .filter(({ name }) => query.metric === undefined || name === query.metric)
    .filter(
      ({ name, service }) => query.query === undefined || mentions({ text: query.query, name, service }),
    )
  return {
    series: selected.flatMap((one) => {
      const points = one.points.filter(([time]) => within(time))
      return points.length === 0 ? [] : [describe({ series: one, points })]
    }),
    annotations: events
      .filter(mine)
      .filter(({ at }) => within(at))
      .map(({ at, text }) => ({ time: rfc3339(at), text })),
  }
}

const describe = ({ series, points }: { series: MetricSeries; points: MetricSeries['points'] }) => {
  const baseline = points[0]?.[1] ?? 0
  const peak = points.reduce(
    (most, point) => (distance(point) > distance(most) ? point : most),
    points[0] ?? [0, 0],
  )
  const changed = points.find(([, value]) => value !== baseline)
  function distance([, value]: readonly [number, number]): number {
    return Math.abs(value - baseline)
  }
  return {
    metric: series.name,
    service: series.service,
    unit: series.unit,
    description: series.description,
    baseline,
    peak: peak[1],
    peakAt: rfc3339(peak[0]),
    ...(changed && { changedAt: rfc3339(changed[0]) }),
    points: points.map(([time, value]) => [rfc3339(time), value] as const),
  }
}

/** A PromQL expression or words: it selects a series when it names the metric, or its service, or shares a word. */
const mentions = ({ text, name, service }: { text: string; name: string; service: string }): boolean => {
  const lower = text.toLowerCase()
  if (lower.includes(name) || lower.includes(service)) return true
  const words = new Set(lower.match(/[a-z0-9]+/g) ?? [])
  return name.split('_').some((part) => words.has(part))
}
