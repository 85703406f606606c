// Teams that start each other for ever: SwarmEvents of type team-output are edges from the team they follow to the
// teams they start, and no edge may close a circle.

import type { SwarmEvent } from '../../api/v1alpha1/index.ts'

/**
 * The circle that an event closes, as the names of its teams from the followed one back to itself; undefined where
 * there is none. `events` are those of the namespace; one of the same name is the event as it was before.
 */
export const circleThrough = (
  event: SwarmEvent,
  events: readonly SwarmEvent[],
): readonly string[] | undefined => {
  const followed = event.spec.source.teamOutput?.name
  if (followed === undefined) return undefined
  const edges = events.filter(({ metadata }) => metadata.name !== event.metadata.name)
  const seen = new Set<string>()
  const ways = startedBy(event).map((team) => [followed, team])
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const team = way.at(-1) ?? ''
    if (team === followed) return way
    if (seen.has(team)) continue
    seen.add(team)
    for (const edge of edges)
      if (edge.spec.source.teamOutput?.name === team)
        ways.push(...startedBy(edge).map((next) => [...way, next]))
  }
  return undefined
}

const startedBy = ({ spec }: SwarmEvent): readonly string[] => spec.targets.flatMap(({ team }) => team ?? [])

/**
 * Runs in a row, each started by the end of the one before. Circles that admission did not see (it may be off, and
 * objects may come in any order) end here.
 */
export const longestChain = 10
