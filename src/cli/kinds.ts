// What people may call our kinds on the command line, and where the API keeps them.

import { closestName } from '../domain/closest-name.ts'
import { KubeswarmError } from '../domain/error.ts'
import type { ResourceType } from '../ports/resources.ts'

const kind = (plural: string, name: string): ResourceType => ({
  group: 'kubeswarm.io',
  version: 'v1alpha1',
  plural,
  kind: name,
  namespaced: true,
})

const aliases: ReadonlyMap<ResourceType, readonly string[]> = new Map([
  [
    kind('swarmagents', 'SwarmAgent'),
    ['agents', 'agent', 'swagent', 'swagents', 'swarmagent', 'swarmagents'],
  ],
  [kind('swarmteams', 'SwarmTeam'), ['teams', 'team', 'swteam', 'swteams', 'swarmteam', 'swarmteams']],
  [kind('swarmruns', 'SwarmRun'), ['runs', 'run', 'swrun', 'swruns', 'swarmrun', 'swarmruns']],
  [
    kind('swarmpolicies', 'SwarmPolicy'),
    ['policies', 'policy', 'swpol', 'swpols', 'swarmpolicy', 'swarmpolicies'],
  ],
  [
    kind('swarmnotifies', 'SwarmNotify'),
    ['notifies', 'notify', 'swnfy', 'swnfys', 'swarmnotify', 'swarmnotifies'],
  ],
  [kind('swarmevents', 'SwarmEvent'), ['events', 'event', 'swevt', 'swevts', 'swarmevent', 'swarmevents']],
  [kind('swarmsettings', 'SwarmSettings'), ['settings', 'swcfg', 'swcfgs', 'swarmsettings']],
])

/** The words of our kinds, for help and completion. */
export const kindWords: readonly string[] = [...aliases.values()].flatMap(([plural = '']) => [plural])

export const kindOf = (word: string): ResourceType => {
  const wanted = word.toLowerCase()
  for (const [type, words] of aliases) if (words.includes(wanted)) return type
  const near = closestName(wanted, [...aliases.values()].flat())
  throw new KubeswarmError({
    code: 'Usage',
    message: `unknown kind "${word}"`,
    remedy: `${near === undefined ? '' : `did you mean ${near}? `}use one of ${kindWords.join(', ')}; for other kinds there is kubectl`,
  })
}

/** `run/incident-001` or `run incident-001`, as kubectl takes them. */
export const targetOf = (
  words: readonly string[],
): { readonly type: ResourceType; readonly name?: string } => {
  const [first = '', second] = words
  const slash = first.indexOf('/')
  if (slash > 0) return { type: kindOf(first.slice(0, slash)), name: first.slice(slash + 1) }
  return { type: kindOf(first), ...(second === undefined ? {} : { name: second }) }
}

export const runType = kindOf('run')
export const agentType = kindOf('agent')
